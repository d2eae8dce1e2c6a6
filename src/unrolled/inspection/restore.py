"""Restores a trained network from the folder of its run, or from a checkpoint."""

from pathlib import Path
from typing import Any

import torch

from unrolled.config.relative import searched, started_in
from unrolled.config.schema import Config
from unrolled.config.validate import from_record
from unrolled.errors import UserError, in_words
from unrolled.processes.logs import announce, log
from unrolled.record.trained_on import TRAINED_ON, changed, changed_on_disk
from unrolled.tasks import OWN, described, load
from unrolled.tasks import check as check_task
from unrolled.tasks.data import Data
from unrolled.tasks.trained_on import trained_on
from unrolled.training.module import RecurrentModule
from unrolled.training.network import Spec

WHOM = "this run"


class ChangedData(UserError):
    """The data are not those that a network was trained on, and it was not asked for on other ones."""


def restore_run(
    folder: Path, checkpoint: str, *, trust: bool = False, anyway: bool = False
) -> tuple[Config, Data, RecurrentModule]:
    """Returns the configuration, data and trained network of the run in `folder`.

    checkpoint: "best" or "last".
    trust: whether the Python file of an own task, which the record names, may be executed.
    anyway: whether data that have changed since the training are only warned of, where their sizes fit.
    Raises UserError if the folder holds no finished run, or one of an own task that is not trusted, and ChangedData.
    """
    return restore_checkpoint(_weights(folder, checkpoint), trust=trust, anyway=anyway)


def spec_of(folder: Path, checkpoint: str) -> Spec:
    """Returns what the network of the run in `folder` is built from, without loading data.

    Raises UserError if the folder holds no finished run.
    """
    found = _read(_weights(folder, checkpoint))["hyper_parameters"]["spec"]
    return found if isinstance(found, dict) else {}


def _weights(folder: Path, checkpoint: str) -> Path:
    weights = folder / "checkpoints" / f"{checkpoint}.ckpt"
    if not weights.is_file():
        raise UserError(f"{folder} holds no finished run: {weights} is missing")
    return weights


def restore_checkpoint(
    checkpoint: Path, *, trust: bool = False, anyway: bool = False
) -> tuple[Config, Data, RecurrentModule]:
    """Returns the configuration, data and trained network of a checkpoint, without the folder of its run.

    trust: whether the Python file of an own task, which the checkpoint names, may be executed.
    anyway: whether data that have changed since the training are only warned of, where their sizes fit.
    Raises UserError if the file is not a checkpoint of a run, or that of an own task that is not trusted, and
    ChangedData.
    """
    kept = _read(checkpoint)
    config = _config(checkpoint, kept)
    _check_trust(config, checkpoint, trust)
    return _restore(checkpoint, kept, config, started_in(checkpoint.absolute().parents[1]), anyway)


def _check_trust(config: Config, record: Path, trust: bool) -> None:
    """Raises UserError if a record names a Python file, and the user has not said that it may be executed."""
    if config.task.name == OWN and not trust:
        raise UserError(f"{record} names {config.task.file}, a Python file that would be executed: --trust allows it")


def _read(file: Path) -> dict[str, Any]:
    try:
        kept: Any = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(f"{file}: no such file") from None
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror or in_words(error)}") from None
    except Exception:  # a broken or foreign file can raise anything
        raise _no_checkpoint(file, "not a file of torch.save") from None
    known = kept.get("hyper_parameters") if isinstance(kept, dict) else None
    if not isinstance(known, dict) or not {"config", "spec"} <= set(known) or not isinstance(known["config"], dict):
        raise _no_checkpoint(file, "no configuration in it")
    return kept


def _no_checkpoint(file: Path, why: str) -> UserError:
    hint = "a run's are in RUN/checkpoints/; weights of torch.nn.RNN are read by --from-torch"
    return UserError(f"{file} is no checkpoint of a run ({why}): {hint}")


def _config(file: Path, kept: dict[str, Any]) -> Config:
    try:
        return from_record(kept["hyper_parameters"]["config"])
    except UserError as error:
        raise UserError(f"{file} is of another version of unrolled: {error}") from None


def _restore(
    file: Path, kept: dict[str, Any], config: Config, started: Path | None, anyway: bool
) -> tuple[Config, Data, RecurrentModule]:
    """Returns what a checkpoint and a configuration make.

    started: the folder in which the run was started, where its relative paths are looked for.
    """
    before = kept["hyper_parameters"].get(TRAINED_ON)
    if not anyway and (change := changed_on_disk(before)):  # before a changed file of Python is executed
        raise ChangedData(change.line(WHOM))
    with searched(started):
        check_task(config.task)
        torch.set_num_threads(1)
        module = _module(file, kept)
        if config.trainer.precision == 64:
            module.double()  # before the weights are loaded: otherwise they are rounded to float32
        _load_weights(file, module, kept.get("state_dict"))
        announce(f"loading the data: {described(config.task)}")
        data = load(config.task, config.seed)
        lines = changed(before, trained_on(config.task, data), WHOM) if before else []
    if data.spec != kept["hyper_parameters"]["spec"]:
        raise UserError(
            f"{file}: the data of task={config.task.name} have changed since its run: other sizes or tokens"
        )
    if lines and not anyway:
        raise ChangedData("; ".join(lines))
    for line in lines:
        log.warning(line)
    return config, data, module.eval()


def _module(file: Path, kept: dict[str, Any]) -> RecurrentModule:
    config, spec = _config(file, kept), kept["hyper_parameters"]["spec"]
    try:
        return RecurrentModule(config, spec)
    except (KeyError, TypeError, AttributeError, ValueError, RuntimeError) as error:
        raise _no_checkpoint(file, f"its sizes make no network: {in_words(error)}") from None


def _load_weights(file: Path, module: RecurrentModule, weights: Any) -> None:
    """Loads the weights. Raises UserError if they are not those of the network."""
    wanted = module.state_dict()
    if not isinstance(weights, dict) or not all(isinstance(value, torch.Tensor) for value in weights.values()):
        raise UserError(f"{file}: its state_dict holds no weights")
    for name, value in wanted.items():
        if name not in weights:
            raise UserError(f"{file}: its weights lack {name}")
        if weights[name].shape != value.shape:
            raise UserError(
                f"{file}: {name} is {tuple(weights[name].shape)}, its configuration needs {tuple(value.shape)}"
            )
    if more := sorted(set(weights) - set(wanted)):
        raise UserError(f"{file}: its configuration has no {more[0]}")
    for name, value in weights.items():
        if value.layout != torch.strided or value.is_complex():
            raise UserError(f"{file}: {name} is no dense tensor of real numbers")
    module.load_state_dict(weights)
