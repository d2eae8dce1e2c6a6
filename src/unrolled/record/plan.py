"""Which runs a sweep has, and in which folders."""

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
    """One cell: its folder's number, the values of its axes, and the fingerprint of its configuration."""

    number: int
    axes: dict[str, Any]
    fingerprint: str


def read_plan(folder: Path) -> list[Planned]:
    """The cells of the sweep in `folder`, by number; none where there is no sweep."""
    file = folder / CELLS
    return [Planned(**cell) for cell in json.loads(file.read_text(encoding="utf-8"))] if file.is_file() else []


def write_plan(folder: Path, cells: Sequence[Planned]) -> None:
    with replacing(folder / CELLS) as draft:
        draft.write_text(json.dumps([asdict(cell) for cell in cells], indent=0) + "\n", encoding="utf-8")
