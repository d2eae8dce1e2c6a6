"""The contents of local W&B files: which metrics, media, summary and config each run logged."""

import math
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrolled.errors import UserError
from unrolled.processes.logs import log

from .read_back import read_records

KIND = "._type"  # end of the key under which W&B has the type of a picture, a table or a histogram


@dataclass(frozen=True)
class Logged:
    """One W&B run.

    history: the metrics with a finite number in some row.
    media: key -> W&B's type of a value that is no number ("image-file", "table-file", "histogram").
    summary: key -> value, strings and finite numbers only.
    config: dotted key -> value, without None.
    """

    folder: Path
    id: str
    name: str
    project: str
    group: str | None
    history: frozenset[str]
    media: dict[str, str]
    summary: dict[str, Any]
    config: dict[str, Any]

    @property
    def online(self) -> bool:
        """Returns whether the run was uploaded while it ran: into `project`, from which it cannot be moved."""
        return not self.folder.name.startswith("offline-")

    def has(self, kind: str, key: str) -> bool:
        """Returns whether the run logged `key`. kind: "history", "media", "summary" or "config"."""
        return key in getattr(self, kind)


class _Unreadable(Exception):
    """A W&B run that cannot be read; the message names it and the reason."""


def read_runs(folder: Path) -> list[Logged]:
    """Returns the runs in `folder`/wandb, oldest first, without superseded ones.

    Raises UserError if there is none, or none that can be read.
    """
    found = sorted(run for run in (folder / "wandb").glob("*run-*") if run.is_dir())
    if not found:
        raise UserError(f"{folder} holds no W&B runs: run the sweep with tracker=offline")
    return read_all(found)


def read_all(found: Sequence[Path]) -> list[Logged]:
    """Returns the runs in these folders; skips those that cannot be read, each with a line on stderr.

    Raises UserError if none can be read.
    """
    logged = []
    for run in found:
        try:
            logged.append(_read(run))
        except _Unreadable as error:
            log.warning(f"{error}; it is skipped")
    if not logged:
        raise UserError(f"none of the {len(found)} W&B runs can be read")
    return logged


def _read(run: Path) -> Logged:
    try:
        records = read_records(run)
        begun = next((record["run"] for record in records if record["type"] == "run"), None)
    except subprocess.CalledProcessError as error:
        raise _Unreadable(f"the W&B run in {run} cannot be read: {' '.join(error.stderr.split())}") from error
    except (OSError, ValueError) as error:
        raise _Unreadable(f"the W&B run in {run} cannot be read ({type(error).__name__})") from error
    if begun is None:
        raise _Unreadable(f"the W&B run in {run} holds nothing yet")
    rows = [record["history"]["item"] for record in records if record["type"] == "history"]
    summary: dict[str, Any] = {}
    for record in records:
        summary |= record["summary"].get("update", {}) if record["type"] == "summary" else {}
    return Logged(
        folder=run,
        id=begun["run_id"],
        name=begun["display_name"],
        project=begun["project"],
        group=begun.get("run_group"),
        history=frozenset(key for row in rows for key, value in row.items() if _number(value)),
        media={key.removesuffix(KIND): value for row in rows for key, value in row.items() if key.endswith(KIND)},
        summary={key: value for key, value in summary.items() if isinstance(value, str) or _number(value)},
        config=_dotted(begun["config"]["update"]),
    )


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _dotted(node: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in node.items():
        if isinstance(value, dict):
            flat |= _dotted(value, f"{prefix}{key}.")
        elif value is not None:
            flat[prefix + key] = value
    return flat
