"""`make sync`: uploads the offline runs that are not uploaded yet, by W&B's own program."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from unrolled.errors import UserError
from unrolled.processes.logs import log
from unrolled.record.superseded import SUPERSEDED

from .environment import set_aside
from .logged import read_all
from .tracker import why_offline


def offline_runs(folder: Path) -> list[Path]:
    """Returns the offline runs at or below `folder`, oldest first, without superseded ones.

    Raises UserError if there is none.
    """
    found = {run.resolve() for run in folder.rglob("offline-run-*") if run.is_dir() and SUPERSEDED not in run.parts}
    if not found:
        raise UserError(f"{folder} holds no offline runs of W&B")
    return sorted(found, key=lambda run: run.name)


def sync(folder: Path, dry_run: bool) -> None:
    """Uploads the offline runs at or below `folder` to the projects that they were recorded for.

    A run that cannot be read is skipped with a line on stderr: with it W&B's program would upload no other.
    dry_run: only lists them.
    Raises UserError if a run was not uploaded completely.
    """
    set_aside()
    runs = offline_runs(folder)
    if dry_run:
        _wandb_sync(runs, "--dry-run")
        return
    if (why := why_offline()) is not None:
        raise UserError(f"{why}; nothing was uploaded")
    waiting = [run for run in runs if _mark(run) is None]
    if not waiting:
        log.info(f"all {len(runs)} runs are uploaded")
    elif left := upload([run.folder for run in read_all(waiting)]):
        raise UserError(not_whole(left, len(runs)))


def upload(runs: Sequence[Path], *options: str) -> list[Path]:
    """Uploads readable runs and returns those that were not uploaded completely.

    options: further options of `wandb sync`.
    An upload counts if W&B's program has marked the run's file: its exit code is 0 even if it fails.
    """
    before = {run: _mark(run) for run in runs}
    _wandb_sync(runs, "--yes", *options)
    return [run for run in runs if _mark(run) == before[run]]


def not_whole(left: Sequence[Path], of: int) -> str:
    """Returns a line on runs that were not uploaded completely. of: number of all runs."""
    names = ", ".join(run.name for run in left[:3])
    return f"{len(left)} of {of} runs are not uploaded whole: {names}{', ...' if len(left) > 3 else ''}"


def _wandb_sync(runs: Sequence[Path], *options: str) -> None:
    """Runs `wandb sync`. WANDB_DIR keeps its log beside the runs, not in the working directory."""
    environment = {**os.environ, "WANDB_DIR": str(runs[0].parent.parent)}
    subprocess.run([Path(sys.executable).parent / "wandb", "sync", *options, *runs], env=environment, check=False)


def _mark(run: Path) -> int | None:
    """Returns the time of the last upload by W&B's program in ns, None: not uploaded."""
    return max((mark.stat().st_mtime_ns for mark in run.glob("*.wandb.synced")), default=None)
