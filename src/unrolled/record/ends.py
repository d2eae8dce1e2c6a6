"""What became of each cell: its own `status.json`, or, where its folder is full, the launcher's word for it."""

from pathlib import Path
from typing import Any

from . import status
from .run_record import RunRecord

RECORDS = "records"


def read(cell: Path) -> RunRecord:
    """The record of the cell whose folder this is."""
    return RunRecord.from_dict(status.read_from(_record(cell)) or status.read(cell))


def write(cell: Path, **values: Any) -> None:
    """Updates the cell's status: in its folder, or beside it where that is full."""
    try:
        status.update(cell, **values)
    except OSError as full:
        why = f"{values.get('error') or 'ended'}; its folder cannot be written: {full.strerror}"
        values = {**status.read(cell), **values, "error": why}
        _record(cell).parent.mkdir(exist_ok=True)
        status.write_to(_record(cell), values)


def mark(cell: Path, state: str, error: str) -> None:
    """Says how a cell ended, unless it has said so itself."""
    if read(cell).state in (None, "running"):
        write(cell, state=state, error=error)


def forget(cell: Path) -> None:
    _record(cell).unlink(missing_ok=True)


def _record(cell: Path) -> Path:
    return cell.parent / RECORDS / f"{cell.name}.json"
