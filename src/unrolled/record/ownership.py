"""Ownership of the files in an output folder. The program removes its own files only, and claims free folders only.

`.unrolled.json` is written before anything else and lists the names that the program may write in the folder. None of
them exists at that moment, so a later file with such a name is the program's own. A folder of a version without that
file is recognised by its records, and owns the names that the version wrote.
"""

import contextlib
import json
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from unrolled.config.files import SWEEP_RECORD
from unrolled.errors import UserError

from . import status
from .lock import LOCK
from .parts import SEVERAL, suffixes
from .run_record import RunRecord
from .tables import ANSWERS, FIRST_PASS, PREDICTIONS, PROFILES

MARKER = ".unrolled.json"
OWN_TASK = "own_task.py"  # a copy of the file of a user's own task
_PROFILES = ("grad_h", "grad_h_q10", "grad_h_q50", "grad_h_q90", "grad_h_zeros", "grad_h_count", "grad_h_log", "grad_x")
_OF_PARTS = ("grad_h_relative_log", "grad_W_h", "births_relative_log")
_PROFILES += tuple(f"{name}{suffix}" for name in _OF_PARTS for suffix in suffixes(SEVERAL).values())
_PORTRAITS = ("start", "end", *(f"{when}_{part}" for when in ("start", "end") for part in SEVERAL))

FIRST_RUN = (
    *(f".hydra/{name}.yaml" for name in ("config", "hydra", "overrides")),
    *("status.json", ".status.json.*", "metrics.csv", "words.csv", "heat_map.png", "traceback.txt", "cell.log"),
    *("report.html", ".report.html.*", "latest-run", "wandb/*run-*"),
    *("checkpoints/last.ckpt", "checkpoints/last.ckpt.part", "checkpoints/best.ckpt"),
    *(f"profiles/{name}.csv" for name in _PROFILES),
    *(f"portraits/{name}.{kind}" for name in _PORTRAITS for kind in ("json", "png", "svg")),
)
FIRST_SWEEP = (
    *(SWEEP_RECORD, f".{SWEEP_RECORD}", "cells.json", ".cells.json.*", ".lock", "results.csv"),
    *("report.html", ".report.html.*", "workspace.json", "dashboard.json", "records/*.json", "slurm/*", "wandb/*run-*"),
)
# The names of this version: FIRST_RUN and FIRST_SWEEP describe folders of the first one.
RUN = (*FIRST_RUN, LOCK, "checkpoints/.best.ckpt.*", "profiles/samples.npz", "profiles/.samples.npz.*")
RUN += (FIRST_PASS, f"{PROFILES}/.first_pass.json.*", ANSWERS, PREDICTIONS, f".{PREDICTIONS}.*")
RUN += (OWN_TASK, f".{OWN_TASK}.*")
_STATES = [name.replace("grad_h", f"grad_{state}") for name in _PROFILES[:7] for state in ("c", "state")]
_GATES = [f"grad_W_h_{gate}{suffix}" for gate in "ifgorzn" for suffix in suffixes(SEVERAL).values()]
RUN += tuple(f"{PROFILES}/{name}.csv" for name in (*_STATES, *_GATES))
SWEEP = (*FIRST_SWEEP, ".results.csv.*")


def of_run(folder: Path) -> list[str]:
    """Returns the names that a run may have written in `folder`; [] if it holds no record of a run."""
    ours = RunRecord.read(folder).fingerprint is not None
    return names_of(folder) or (list(RUN if _has_marker(folder) else FIRST_RUN) if ours else [])


def of_sweep(folder: Path) -> list[str]:
    """Returns the names that a sweep may have written in `folder`, its runs' folders excluded; [] without a sweep."""
    planned = _json(folder / "cells.json")
    ours = isinstance(planned, list) and all(isinstance(run, dict) and "fingerprint" in run for run in planned)
    return names_of(folder) or (list(SWEEP if _has_marker(folder) else FIRST_SWEEP) if ours else [])


def check_free(folder: Path, names: Sequence[str], listed: Sequence[str] = ()) -> None:
    """Raises UserError if a file that would be written exists already and is not the program's own.

    names: paths in `folder` to be written; patterns are allowed.
    listed: names there that the program owns.
    """
    known = {_top(name) for name in listed}
    for name in dict.fromkeys([MARKER] * (not listed) + [_top(name) for name in names]):
        found = [entry for entry in sorted(folder.glob(name)) if not _is_empty(entry)]
        if name not in known and found:
            raise _taken(folder, found[0].name)


def check_numbers(folder: Path, numbers: Sequence[int] | None = None) -> None:
    """Raises UserError if the folder of a sweep holds a numbered folder that is not empty.

    numbers: of the runs to be written; None: every number.
    """
    for entry in sorted(folder.iterdir()) if folder.is_dir() else []:
        wanted = entry.name.isdigit() and (numbers is None or int(entry.name) in numbers)
        if wanted and not _is_empty(entry):
            raise _taken(folder, entry.name)


def _taken(folder: Path, name: str) -> UserError:
    return UserError(
        f"{folder} holds {name}, which would be written over and is not recorded as ours: give another folder"
    )


def claim(folder: Path, names: Sequence[str], listed: Sequence[str]) -> None:
    """Claims a folder: later files with one of `names` are the program's own. Creates the folder if needed.

    listed: names there that the program owns already.
    Raises UserError as `check_free` does.
    """
    check_free(folder, names, listed)
    folder.mkdir(parents=True, exist_ok=True)
    kept = _json(folder / MARKER)
    wanted = sorted({*names, *listed})
    if not isinstance(kept, dict) or kept.get("names") != wanted:
        status.write_to(folder / MARKER, {**_as_dict(kept), "names": wanted})


def claim_run(folder: Path) -> None:
    """Claims the folder of a run, in which Hydra and the launcher may have written after it was checked to be free.

    Raises UserError if it holds another file that the run would write.
    """
    before_us = [name for name in RUN if name.startswith((".hydra/", "cell.log"))]
    claim(folder, RUN, of_run(folder) or before_us)


def of_begun_run(folder: Path) -> list[str]:
    """Returns the names of Hydra's files if all are empty, as a run leaves them that finds a full disk; else []."""
    files = list((folder / ".hydra").glob("*"))
    empty = bool(files) and all(file.is_file() and file.stat().st_size == 0 for file in files)
    return [name for name in RUN if name.startswith(".hydra/")] if empty else []


def note_wandb(folder: Path, id: str) -> None:
    """Records the id of a W&B run in the folder of its run; call it before the W&B run exists."""
    kept = _as_dict(_json(folder / MARKER))
    status.write_to(folder / MARKER, {**kept, "wandb": [*dict.fromkeys([*kept.get("wandb", []), id])]})


def wandb_runs(folder: Path, beside: Path) -> Iterator[Path]:
    """Yields the folders of the W&B runs that a run has recorded, without replaced ones.

    folder: of the run.
    beside: the folder that holds `wandb/`.
    """
    link = RunRecord.read(folder).wandb
    listed = [*_as_dict(_json(folder / MARKER)).get("wandb", []), link.id if link else None]
    for id in dict.fromkeys(filter(None, listed)):
        for run in sorted((beside / "wandb").glob("*run-*-*")):
            if run.name.endswith(f"-{id}") and not run.is_symlink():
                yield run


def ours(folder: Path, names: Sequence[str]) -> list[Path]:
    """Returns the files in `folder` whose relative path matches one of `names`, sorted."""
    found = {file for name in names for file in folder.glob(name) if fnmatch(str(file.relative_to(folder)), name)}
    return sorted(file for file in found if file.is_file() or file.is_symlink())


def remove(folder: Path, names: Sequence[str]) -> None:
    """Removes the files in `folder` that match one of `names`, and folders in it that become empty."""
    removed = ours(folder, names)
    for file in removed:
        file.unlink()
    for parent in {file.parent for file in removed} - {folder}:
        _remove_if_empty(parent)


def remove_run(folder: Path, listed: Sequence[str]) -> None:
    """Removes all files of a run, and its folder if nothing else is in it. listed: the result of `of_run`."""
    if listed:
        remove(folder, [*listed, MARKER])
    if folder.is_dir():
        _remove_if_empty(folder)


def _is_empty(entry: Path) -> bool:
    """Returns whether a path is an empty folder, which can be removed or written to without loss."""
    return entry.is_dir() and not entry.is_symlink() and not any(entry.iterdir())


def _remove_if_empty(folder: Path) -> None:
    if _is_empty(folder):
        with contextlib.suppress(OSError):  # a mount point cannot be removed, and may stay
            folder.rmdir()


def _has_marker(folder: Path) -> bool:
    """Returns whether a version with markers has claimed the folder, even if a power cut has emptied its marker."""
    return (folder / MARKER).is_file()


def names_of(folder: Path) -> list[str]:
    """Returns the names that the marker of a folder lists; [] without a marker."""
    return list(_as_dict(_json(folder / MARKER)).get("names", []))


def _json(file: Path) -> Any:
    """Returns the content of a JSON file; {} if it cannot be read."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _top(name: str) -> str:
    return name.partition("/")[0]
