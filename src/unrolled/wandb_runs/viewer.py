"""`make dashboard`: opens the newest runs in W&B's own terminal viewer, offline."""

import os
import sys
from pathlib import Path

from unrolled.errors import UserError


def newest(folder: Path) -> Path:
    """Returns the newest `wandb/` folder at or below `folder`. Raises UserError if there is none."""
    found = [path for path in folder.rglob("wandb") if any(path.glob("*run-*"))]
    if not found:
        raise UserError(f"{folder} holds no W&B runs yet: run `make sweep` or `make train` first")
    return max(found, key=lambda path: path.stat().st_mtime)


def open_dashboard(folder: Path) -> None:
    """Replaces this process by the viewer of the newest runs at or below `folder`."""
    program = Path(sys.executable).parent / "wandb"
    os.execv(program, [str(program), "leet", str(newest(folder))])
