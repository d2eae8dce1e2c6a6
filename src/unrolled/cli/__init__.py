"""Command line of Unrolled. `unrolled train ...` and `python src/train.py ...` are the same program."""

import os

from unrolled.processes.signals import end_silently


def console() -> None:
    """Entry point of the `unrolled` command."""
    end_silently()
    # Two threads of torch on matrices this small are slower than one; torch reads this when it is imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from .commands import run

    run()
