"""`status.json`: the state of a run, written atomically."""

import json
import math
from pathlib import Path
from typing import Any

from .files import replacing

STATES = ("running", "completed", "diverged", "failed", "interrupted")
RESULTS = ("completed", "diverged")
FILE = "status.json"


def read(folder: Path) -> dict[str, Any]:
    """Returns the status of the run in `folder`; empty if there is none, or it cannot be read (`unreadable`)."""
    return read_from(folder / FILE)


def read_from(file: Path) -> dict[str, Any]:
    try:
        return _load(file)
    except OSError:
        return {}


def _load(file: Path) -> dict[str, Any]:
    """Returns the content of a status file; {} if there is none or it is damaged. Raises OSError if it may be whole."""
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return {}
    except ValueError:  # a power cut or a full disk has left half of it
        return {}
    return values if isinstance(values, dict) else {}


def unreadable(folder: Path) -> bool:
    """Returns whether there is a status file without content: empty, cut short, or no JSON object."""
    return (folder / FILE).is_file() and not read(folder)


def write(folder: Path, values: dict[str, Any]) -> None:
    """Replaces the status. A number that is not finite becomes null: JSON has none."""
    write_to(folder / FILE, values)


def write_to(file: Path, values: dict[str, Any]) -> None:
    text = json.dumps(finite(values), indent=1, allow_nan=False, ensure_ascii=False)
    with replacing(file) as draft:
        draft.write_text(text + "\n", encoding="utf-8")


def update(folder: Path, **values: Any) -> None:
    """Sets entries of the status. Raises OSError if the present one cannot be read: its other entries would be lost."""
    write(folder, {**_load(folder / FILE), **values})


def mark(folder: Path, state: str, error: str) -> None:
    """Records how a run ended, unless it has recorded an end itself."""
    if read(folder).get("state", "running") == "running":
        update(folder, state=state, error=error)


def finite(value: Any) -> Any:
    """Returns the value with every nan and inf inside it replaced by None."""
    if isinstance(value, dict):
        return {key: finite(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
