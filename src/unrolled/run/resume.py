"""The files of an earlier start of a run, and whether the run can be resumed from them."""

import contextlib
from pathlib import Path
from typing import Any

import torch

from unrolled.config.schema import Config
from unrolled.digits import counted
from unrolled.errors import UserError
from unrolled.processes.logs import log
from unrolled.record import ownership
from unrolled.record.run_record import RunRecord
from unrolled.record.tables import METRICS, PROFILES
from unrolled.record.trained_on import TRAINED_ON
from unrolled.training.checkpoints import LAST, Checkpoints

from .recorder import PORTRAITS, recorded

CHECKPOINTS = "checkpoints"
_RESULTS = (METRICS, PROFILES, PORTRAITS, CHECKPOINTS, "words.csv", "heat_map.png", "traceback.txt")


def saved(folder: Path) -> dict[str, Any] | None:
    """Returns the last checkpoint of the run in `folder`; None if there is none that fits the recorded files."""
    file = folder / CHECKPOINTS / LAST
    if not file.is_file():
        return None
    try:
        checkpoint = torch.load(file, weights_only=True, map_location="cpu")
    except Exception as error:  # a broken file can raise anything
        log.warning(f"{file} cannot be read ({type(error).__name__}): starting from step 0")
        return None
    return checkpoint if recorded(folder, recorder_state(checkpoint)) else None


def check_limits(config: Config, folder: Path) -> None:
    """Raises UserError if the run in `folder` has had more updates, or epochs, than `config` allows."""
    file, trainer = folder / CHECKPOINTS / LAST, config.trainer
    steps, epochs = RunRecord.read(folder).steps or 0, 0
    with contextlib.suppress(Exception):  # an unreadable checkpoint is reported when it is needed
        checkpoint = torch.load(file, weights_only=True, map_location="cpu")
        steps, epochs = max(steps, checkpoint["global_step"]), epochs_begun(checkpoint)
    for key, limit, reached in (
        ("trainer.max_steps", trainer.max_steps, steps),
        ("trainer.max_epochs", trainer.max_epochs, epochs),
    ):
        if limit is not None and limit < reached:
            raise UserError(
                f"resume=true: {key}={limit}, and the run in {folder} has reached {reached}: give {reached} or more"
            )


def epochs_begun(checkpoint: dict[str, Any]) -> int:
    loops = checkpoint["loops"]["fit_loop"]
    within = loops["epoch_loop.batch_progress"]["current"]["completed"] > 0
    return loops["epoch_progress"]["current"]["completed"] + within


def check_result_is_kept(before: RunRecord, checkpoint: dict[str, Any] | None, folder: Path) -> None:
    """Raises UserError where a run with a result would start from step 0."""
    if checkpoint is None and before.has_result:
        raise UserError(
            f"resume=true: {folder} has its result ({before.state} after {counted(before.steps or 0, 'updates')}), "
            f"and no {CHECKPOINTS}/{LAST} to make it longer: start another run in another folder"
        )


def recorder_state(checkpoint: dict[str, Any]) -> dict[str, Any]:
    return checkpoint["callbacks"][Checkpoints.__qualname__]["recorder"]


def kept_data(checkpoint: dict[str, Any] | None) -> Any:
    """Returns what a checkpoint was trained on; None without one, or if an earlier version has saved it."""
    return checkpoint["hyper_parameters"].get(TRAINED_ON) if checkpoint else None


def start_anew(folder: Path) -> None:
    """Removes what an earlier start has recorded."""
    listed = ownership.of_run(folder)
    ownership.remove(folder, [name for name in listed if name.partition("/")[0] in _RESULTS])
