"""Writes data sets of the gallery into a folder."""

from collections.abc import Sequence
from pathlib import Path

from unrolled.config.keys import closest
from unrolled.errors import UserError
from unrolled.record.files import replacing

from .data_sets import DATA_SETS

FOLDER = Path("gallery")


def listed() -> str:
    """Returns a line for each data set: its name and what it holds."""
    return "\n".join(f"{name:<10} {each.what}" for name, each in DATA_SETS.items())


def write(names: Sequence[str], folder: Path) -> list[tuple[Path, bool]]:
    """Writes data sets; returns each file, and whether it was written. A file that exists stays as it is.

    Raises UserError for a name that there is not, before anything is written.
    """
    for name in names:
        if name not in DATA_SETS:
            near = closest(name, DATA_SETS)
            hint = f"did you mean {near}?" if near else f"allowed: {', '.join(DATA_SETS)}"
            raise UserError(f"{name}: no such data set; {hint}")
    folder.mkdir(parents=True, exist_ok=True)
    return [(folder / DATA_SETS[name].file, _written(name, folder / DATA_SETS[name].file)) for name in names]


def _written(name: str, file: Path) -> bool:
    if file.exists():
        return False
    with replacing(file) as draft:
        DATA_SETS[name].write(draft)
    return True
