"""`status.json`: what became of a run, written atomically."""

import json
import math
import os
from pathlib import Path
from typing import Any

STATES = ("running", "completed", "diverged", "failed", "interrupted")
RESULTS = ("completed", "diverged")
FILE = "status.json"


def read(folder: Path) -> dict[str, Any]:
    """The status of the run in `folder`; empty where there is none."""
    try:
        return json.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


def write(folder: Path, values: dict[str, Any]) -> None:
    """Replaces the status. A number that is not finite becomes null: JSON has none."""
    write_to(folder / FILE, values)


def write_to(file: Path, values: dict[str, Any]) -> None:
    text = json.dumps(finite(values), indent=1, allow_nan=False, ensure_ascii=False)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        draft.write_text(text + "\n", encoding="utf-8")
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def update(folder: Path, **values: Any) -> None:
    write(folder, {**read(folder), **values})


def mark(folder: Path, state: str, error: str) -> None:
    """Says how a run ended, unless it has said so itself."""
    if read(folder).get("state", "running") == "running":
        update(folder, state=state, error=error)


def finite(value: Any) -> Any:
    """The value with every nan and inf inside it replaced by None."""
    if isinstance(value, dict):
        return {key: finite(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
