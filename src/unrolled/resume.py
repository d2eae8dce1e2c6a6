"""What an earlier start of a run has left, and whether a run can go on from it."""

import shutil
from pathlib import Path
from typing import Any

import torch

from unrolled.tracking.recorder import PORTRAITS, recorded
from unrolled.tracking.tables import METRICS, PROFILES
from unrolled.training.checkpoints import LAST, Checkpoints

CHECKPOINTS = "checkpoints"
_LEFT = (METRICS, PROFILES, PORTRAITS, CHECKPOINTS, "words.csv", "heat_map.png", "traceback.txt")


def saved(folder: Path) -> dict[str, Any] | None:
    """The last checkpoint of the run in `folder`; None where there is none that fits what was recorded."""
    file = folder / CHECKPOINTS / LAST
    if not file.is_file():
        return None
    try:
        checkpoint = torch.load(file, weights_only=True, map_location="cpu")
    except Exception as error:  # what a broken file makes of an unpickler, nobody lists
        print(f"unrolled: {file} cannot be read ({type(error).__name__}): starting from step 0")
        return None
    return checkpoint if recorded(folder, recorder_state(checkpoint)) else None


def recorder_state(checkpoint: dict[str, Any]) -> dict[str, Any]:
    return checkpoint["callbacks"][Checkpoints.__qualname__]["recorder"]


def start_anew(folder: Path) -> None:
    """Removes what an earlier start has recorded."""
    for name in _LEFT:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
