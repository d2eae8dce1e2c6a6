"""Fast imports of torch, Lightning and W&B, which take seconds of every process."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def imports() -> Iterator[None]:
    """Disables garbage collection in a block of imports, where it scans all objects repeatedly and frees none.

    Objects in memory at the end of the block are exempt from later collections too, including the one at exit.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
        gc.freeze()
