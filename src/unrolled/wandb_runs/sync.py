"""`make sync`: W&B's own program uploads the offline runs that it has not uploaded yet."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from unrolled.errors import UserError
from unrolled.record.superseded import SUPERSEDED

from .logged import read_all
from .tracker import why_offline


def offline_runs(folder: Path) -> list[Path]:
    """The offline runs at or below `folder` that no other has replaced, oldest first.

    Raises UserError where there is none.
    """
    found = {run.resolve() for run in folder.rglob("offline-run-*") if run.is_dir() and SUPERSEDED not in run.parts}
    if not found:
        raise UserError(f"{folder} holds no offline runs of W&B")
    return sorted(found, key=lambda run: run.name)


def sync(folder: Path, dry_run: bool) -> None:
    """Uploads them to where they were recorded for; dry_run: only lists them.

    A run that cannot be read is left out, and said so: with it W&B's program would upload none of the others.
    Raises UserError where one was not uploaded whole.
    """
    runs = offline_runs(folder)
    if dry_run:
        _wandb_sync(runs, "--dry-run")
        return
    if (why := why_offline()) is not None:
        raise UserError(f"{why}; nothing was uploaded")
    waiting = [run for run in runs if _mark(run) is None]
    if not waiting:
        print(f"all {len(runs)} runs are uploaded")
    elif left := upload([run.folder for run in read_all(waiting)]):
        raise UserError(not_whole(left, len(runs)))


def upload(runs: Sequence[Path], *options: str) -> list[Path]:
    """Uploads runs that can be read; returns those that W&B does not have whole.

    That is told by the mark that W&B's program leaves beside a run: its exit code is 0 also where it has failed.
    """
    before = {run: _mark(run) for run in runs}
    _wandb_sync(runs, "--yes", *options)
    return [run for run in runs if _mark(run) == before[run]]


def not_whole(left: Sequence[Path], of: int) -> str:
    """A line on runs that W&B does not have whole."""
    names = ", ".join(run.name for run in left[:3])
    return f"{len(left)} of {of} runs are not uploaded whole: {names}{', ...' if len(left) > 3 else ''}"


def _wandb_sync(runs: Sequence[Path], *options: str) -> None:
    """Its own log goes beside the runs: without WANDB_DIR a folder `wandb/` would appear wherever the user is."""
    environment = {**os.environ, "WANDB_DIR": str(runs[0].parent.parent)}
    subprocess.run([Path(sys.executable).parent / "wandb", "sync", *options, *runs], env=environment, check=False)


def _mark(run: Path) -> int | None:
    """When W&B's program has uploaded it, in ns."""
    return max((mark.stat().st_mtime_ns for mark in run.glob("*.wandb.synced")), default=None)
