"""Imports of torch, Lightning and W&B: seconds of every process, so in the way that takes least of them."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress


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


def load_run() -> None:
    """Imports all that a run needs."""
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    with imports():
        # `wandb.init` imports this late, and pydantic then searches all modules for each class it makes there.
        with suppress(ImportError):  # a private part of W&B: another version may lack it
            import wandb.sdk.launch.inputs.internal  # noqa: F401
        import unrolled.run  # noqa: F401
