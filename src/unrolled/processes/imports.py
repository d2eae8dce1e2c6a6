"""Imports of torch, Lightning and W&B: seconds of every process, so in the way that takes least of them."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def imports() -> Iterator[None]:
    """A block of imports without garbage collection, which would look through them again and again and find nothing.

    What is in memory at the end of the block is left out of later collections too, the one at exit included.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
        gc.freeze()
