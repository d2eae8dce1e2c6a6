"""A trained network from the files of its run: with its task, or from a checkpoint alone."""

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


def restored(folder: Path, checkpoint: str) -> tuple[Config, Data, RecurrentModule]:
    """From the folder of a run; checkpoint: "best" or "last". Raises UserError where it holds no finished run."""
    saved, weights = folder / ".hydra" / "config.yaml", folder / "checkpoints" / f"{checkpoint}.ckpt"
    for file in (saved, weights):
        if not file.is_file():
            raise UserError(f"{folder} holds no finished run: {file} is missing")
    return _restored(_read(weights), read_config(saved))


def restored_from(checkpoint: Path) -> tuple[Config, Data, RecurrentModule]:
    """From a checkpoint of a run alone, wherever it lies. Raises UserError for another file."""
    kept = _read(checkpoint)
    return _restored(kept, from_record(kept["hyper_parameters"]["config"]))


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


def _restored(kept: dict[str, Any], config: Config) -> tuple[Config, Data, RecurrentModule]:
    check_task(config.task)
    torch.set_num_threads(1)
    module = RecurrentModule(kept["hyper_parameters"]["config"], kept["hyper_parameters"]["spec"])
    if config.trainer.precision == 64:
        module.double()  # before the weights come: else they pass through half the bits
    module.load_state_dict(kept["state_dict"])
    return config, load(config.task, config.seed), module.eval()
