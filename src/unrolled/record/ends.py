"""The state of each run of a sweep: its `status.json`, or a copy in `records/` if its folder cannot be written."""

from pathlib import Path
from typing import Any

from . import status
from .run_record import RunRecord

RECORDS = "records"


def read(folder: Path) -> RunRecord:
    """Returns the record of the run in `folder`."""
    return RunRecord.from_dict(status.read_from(_record(folder)) or status.read(folder))


def write(folder: Path, **values: Any) -> None:
    """Updates the status of the run in `folder`; in `records/` of its sweep if the folder cannot be written."""
    try:
        status.update(folder, **values)
    except OSError as full:
        error = f"{values.get('error') or 'ended'}; its folder cannot be written: {full.strerror}"
        values = {**status.read(folder), **values, "error": error}
        _record(folder).parent.mkdir(exist_ok=True)
        status.write_to(_record(folder), values)


def mark(folder: Path, state: str, error: str) -> None:
    """Records how a run ended, unless it has recorded an end itself."""
    if read(folder).state in (None, "running"):
        write(folder, state=state, error=error)


def forget(folder: Path) -> None:
    _record(folder).unlink(missing_ok=True)


def _record(folder: Path) -> Path:
    return folder.parent / RECORDS / f"{folder.name}.json"
