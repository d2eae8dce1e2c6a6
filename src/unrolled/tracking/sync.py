"""`make sync`: W&B's own program uploads the offline runs that it has not uploaded yet."""

import subprocess
import sys
from pathlib import Path

from unrolled.errors import UserError

from .superseded import SUPERSEDED
from .weights_and_biases import why_offline


def offline_runs(folder: Path) -> list[Path]:
    """The offline runs at or below `folder` that no other has replaced, oldest first.

    Raises UserError where there is none.
    """
    found = {run.resolve() for run in folder.rglob("offline-run-*") if run.is_dir() and SUPERSEDED not in run.parts}
    if not found:
        raise UserError(f"{folder} holds no offline runs of W&B")
    return sorted(found, key=lambda run: run.name)


def sync(folder: Path, dry_run: bool, project: str | None = None, entity: str | None = None) -> int:
    """Uploads them; returns the exit code of `wandb sync`. dry_run: only lists them.

    project, entity: where to; without them, where the runs were recorded for.
    """
    runs = offline_runs(folder)
    if not dry_run and (why := why_offline()) is not None:
        raise UserError(f"{why}; nothing was uploaded")
    command = [str(Path(sys.executable).parent / "wandb"), "sync", "--dry-run" if dry_run else "--yes"]
    command += [f"--project={project}"] if project else []
    command += [f"--entity={entity}"] if entity else []
    return subprocess.run([*command, *map(str, runs)], check=False).returncode
