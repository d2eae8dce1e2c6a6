"""Restores a trained network from the folder of its run, or from a checkpoint."""

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from unrolled.config.schema import Config
from unrolled.config.validate import from_record, read_config
from unrolled.errors import UserError
from unrolled.tasks import check as check_task
from unrolled.tasks import load
from unrolled.tasks.data import Data
from unrolled.training.module import RecurrentModule


def restore_run(folder: Path, checkpoint: str) -> tuple[Config, Data, RecurrentModule]:
    """Returns the configuration, data and trained network of the run in `folder`.

    checkpoint: "best" or "last". Raises UserError if the folder holds no finished run.
    """
    saved, weights = folder / ".hydra" / "config.yaml", folder / "checkpoints" / f"{checkpoint}.ckpt"
    for file in (saved, weights):
        if not file.is_file():
            raise UserError(f"{folder} holds no finished run: {file} is missing")
    return _restore(_read(weights), read_config(saved))


def restore_checkpoint(checkpoint: Path) -> tuple[Config, Data, RecurrentModule]:
    """Returns the configuration, data and trained network of a checkpoint, without the folder of its run.

    Raises UserError if the file is not a checkpoint of a run.
    """
    kept = _read(checkpoint)
    return _restore(kept, from_record(kept["hyper_parameters"]["config"]))


def _read(file: Path) -> dict[str, Any]:
    try:
        kept: Any = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(f"{file}: no such file") from None
    except (OSError, RuntimeError, ValueError, EOFError, UnpicklingError) as error:
        raise _no_checkpoint(file, type(error).__name__) from None
    if not isinstance(kept, dict) or not {"config", "spec"} <= set(kept.get("hyper_parameters", {})):
        raise _no_checkpoint(file, "no configuration in it")
    return kept


def _no_checkpoint(file: Path, why: str) -> UserError:
    hint = "a run's are in RUN/checkpoints/; weights of torch.nn.RNN are read by --from-torch"
    return UserError(f"{file} is no checkpoint of a run ({why}): {hint}")


def _restore(kept: dict[str, Any], config: Config) -> tuple[Config, Data, RecurrentModule]:
    check_task(config.task)
    torch.set_num_threads(1)
    module = RecurrentModule(kept["hyper_parameters"]["config"], kept["hyper_parameters"]["spec"])
    if config.trainer.precision == 64:
        module.double()  # before the weights are loaded: otherwise they are rounded to float32
    module.load_state_dict(kept["state_dict"])
    return config, load(config.task, config.seed), module.eval()
