"""How the launcher notes the ends of runs: a file that cannot be read or written ends neither it nor another run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unrolled.processes.logs import log
from unrolled.record import ends
from unrolled.record.run_record import RunRecord


@contextmanager
def noting(folder: Path) -> Iterator[None]:
    """A block that reads or writes files of the run in `folder`; of an OSError it leaves a line."""
    try:
        yield
    except OSError as error:  # a full common disk, or a file server that is restarted
        log.error(f"run {folder.name}: its record cannot be read or written: {error}")


def record_of(folder: Path) -> RunRecord:
    """Returns the record of the run in `folder`; an empty one, with a line, if it cannot be read now."""
    with noting(folder):
        return ends.read(folder)
    return RunRecord()


def mark(folder: Path, state: str, error: str) -> None:
    """Records how a run ended, unless it has recorded an end itself."""
    with noting(folder):
        folder.mkdir(parents=True, exist_ok=True)
        ends.mark(folder, state, error)
