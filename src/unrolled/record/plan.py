"""The plan of a sweep, `cells.json`: its runs and their folders."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .files import replacing
from .run_record import RunRecord

CELLS = "cells.json"
LOG = "cell.log"
RESUME = "resume=true"


@dataclass(frozen=True)
class Planned:
    """One run of a sweep.

    number: the name of its folder.
    axes: its value of each axis.
    fingerprint: of its configuration.
    """

    number: int
    axes: dict[str, Any]
    fingerprint: str


def read_plan(folder: Path) -> list[Planned]:
    """Returns the runs of the sweep in `folder`, in order of their numbers; [] if there is no sweep.

    Where the plan cannot be read, the runs are those that have left a record.
    """
    known = _read(folder)
    return _from_records(folder) if known is None else known


def is_planned(folder: Path) -> bool:
    """Returns whether there is no plan in `folder`, or one that can be read."""
    return _read(folder) is not None


def _read(folder: Path) -> list[Planned] | None:
    try:
        return [Planned(**run) for run in json.loads((folder / CELLS).read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError):  # a power cut or a full disk has left half of it
        return None


def _from_records(folder: Path) -> list[Planned]:
    found = []
    for run in sorted((each for each in folder.iterdir() if each.name.isdigit()), key=lambda each: int(each.name)):
        record = RunRecord.read(run)
        if record.fingerprint is not None:
            found.append(Planned(int(run.name), record.axes, record.fingerprint))
    return found


def write_plan(folder: Path, cells: Sequence[Planned]) -> None:
    """Writes the runs of the sweep in `folder`."""
    with replacing(folder / CELLS) as draft:
        draft.write_text(json.dumps([asdict(cell) for cell in cells], indent=0) + "\n", encoding="utf-8")
