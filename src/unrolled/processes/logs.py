"""Messages of commands, runs and sweeps, by Python's `logging`: notes to standard output, warnings to standard error.

What a command was asked for, a table, a listing or JSON, is no message: it is printed.
"""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger("unrolled")


class _Standard(logging.StreamHandler):
    """Writes to `sys.stdout` or `sys.stderr` as it is when a message comes: it can be redirected after set-up."""

    def __init__(self, stream_name: str, text: str) -> None:
        super().__init__()
        self.stream_name = stream_name
        self.setFormatter(logging.Formatter(text))

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = getattr(sys, self.stream_name)
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802
        """Raises what is wrong with a message. A full disk, or a reader that has gone, must not end a run."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            raise error


_SHOWN: list[Callable[[str], None]] = []  # of the bar that is shown


def announce(work: str) -> None:
    """Names on standard error what a command does while it prints nothing; only in a terminal, not in pipes and logs.

    work: such as "loading torch".
    """
    if _SHOWN:
        _SHOWN[-1](work)
    elif _in_terminal():
        print(f"{work} ...", file=sys.stderr, flush=True)


def _in_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


@contextmanager
def working(work: str) -> Iterator[None]:
    """Shows what is done, and for how long, in a line that moves; only in a terminal. `announce` changes its text."""
    if _SHOWN or not _in_terminal():
        announce(work)
        yield
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description} ..."), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(work)
        _SHOWN.append(lambda now: bar.update(task, description=now, refresh=True))
        try:
            yield
        finally:
            _SHOWN.pop()


_NOTES, _WARNINGS = _Standard("stdout", "%(message)s"), _Standard("stderr", "unrolled: %(message)s")
_NOTES.addFilter(lambda record: record.levelno < logging.WARNING)
_WARNINGS.setLevel(logging.WARNING)


def set_up(stamped: bool = False) -> None:
    """Shows the messages as a terminal has them. A second call adds nothing; others' loggers stay as they are.

    stamped: with time and level in each line, as a log keeps them, from now on and in all processes forked from here.
    """
    log.disabled = False  # a user's hydra/job_logging may disable all loggers that there are
    log.propagate = False
    log.setLevel(logging.INFO)
    log.addHandler(_NOTES)
    log.addHandler(_WARNINGS)
    if stamped:
        for handler in (_NOTES, _WARNINGS):
            handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
