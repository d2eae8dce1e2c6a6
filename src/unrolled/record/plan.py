"""The plan of a sweep, `cells.json`: its runs and their folders."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .files import replacing

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
    """Returns the runs of the sweep in `folder`, in order of their numbers; [] if there is no sweep."""
    file = folder / CELLS
    return [Planned(**cell) for cell in json.loads(file.read_text(encoding="utf-8"))] if file.is_file() else []


def write_plan(folder: Path, cells: Sequence[Planned]) -> None:
    """Writes the runs of the sweep in `folder`."""
    with replacing(folder / CELLS) as draft:
        draft.write_text(json.dumps([asdict(cell) for cell in cells], indent=0) + "\n", encoding="utf-8")
