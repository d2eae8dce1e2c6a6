"""Command line of Unrolled. `unrolled train ...` and `python src/train.py ...` are the same program."""

from unrolled.processes.signals import end_silently


def console() -> None:
    """Entry point of the `unrolled` command."""
    end_silently()
    from .commands import run

    run()
