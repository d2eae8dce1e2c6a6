"""The identity of a run: its folder, its sweep, and its name, made from the swept values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.conf import HydraConf
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from .cells import FREE
from .environment import from_environment, number_of

SEED = "seed"


@dataclass(frozen=True)
class RunIdentity:
    """Where a run is, and what tells it from the others of its sweep.

    folder: the run's own.
    name: the run's name, made from its axes.
    configuration: the name without the seed.
    sweep: the sweep's folder; None for a single run.
    axes: swept key -> the run's value.
    choices: config group -> the chosen file.
    written: dotted key -> the text as written, for those that come from the environment.
    """

    folder: Path
    name: str
    configuration: str
    sweep: Path | None = None
    axes: dict[str, Any] = field(default_factory=dict)
    choices: dict[str, str | None] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)


def identity_of(hydra: HydraConf, config: DictConfig, values: dict[str, Any]) -> RunIdentity:
    """Returns the identity of a run.

    hydra: Hydra's record of the job; the keys of `hydra.sweeper.params` are the axes.
    config: the run's configuration, as composed.
    values: the configuration as `plain` returns it.
    """
    folder = Path(hydra.runtime.output_dir)
    choices = {group: choice for group, choice in hydra.runtime.choices.items() if not group.startswith("hydra/")}
    words: Any = OmegaConf.to_container(hydra.overrides.task, resolve=False)  # type: ignore[arg-type]
    written = from_environment(config, values)
    typed_in = axis_values(list(hydra.sweeper.params or {}), words)
    axes = {key: number_of(value, key, values) for key, value in typed_in.items()}
    sweep = Path(hydra.sweep.dir).absolute() if hydra.mode == RunMode.MULTIRUN else None
    if not axes:
        file = written.get("task.file", config.task.file)
        cell, free = written.get("cell.name", config.cell.name), config.cell.name in FREE
        main: dict[str, Any] = {
            "task": Path(file).stem if file else written.get("task.name", config.task.name),
            "cell": cell if cell != "rnn" else None,
            "activation": written.get("activation.name", config.activation.name) if free else None,
            "init.gain": float(config.init.gain),
            "model.parameters": config.model.parameters,
            "model.hidden": config.model.hidden if config.model.parameters is None else None,
            SEED: config.seed,
        }
        main = {key: value for key, value in main.items() if value is not None}  # null: the data decide
        return RunIdentity(folder, name_of(main), name_of(_without_seed(main)), sweep, {}, choices, written)
    return RunIdentity(folder, name_of(axes), name_of(_without_seed(axes)), sweep, axes, choices, written)


def axis_values(axes: Sequence[str], overrides: list[str]) -> dict[str, Any]:
    """Returns the value that a run's overrides give to each axis of its sweep, in the order of the axes."""
    parsed = OverridesParser.create().parse_overrides(overrides)
    values = {override.key_or_group: override.value() for override in parsed}
    return {axis: values[axis] for axis in axes if axis in values}


def name_of(axes: dict[str, Any]) -> str:
    """Returns a run's name, such as `tanh gain=1.5 seed=2`: choices alone, values after the last part of their key.

    Two keys with the same last part are both given whole.
    """
    tails = [axis.rpartition(".")[2] for axis in axes]
    words = []
    for (axis, value), tail in zip(axes.items(), tails, strict=True):
        if "." not in axis and axis != SEED:
            words.append(shown(value))
        else:
            words.append(f"{tail if tails.count(tail) == 1 else axis}={shown(value)}")
    return " ".join(words) or "the only configuration"


def shown(value: Any) -> str:
    """Returns the value as a user types it."""
    return "null" if value is None else str(value)


def _without_seed(axes: dict[str, Any]) -> dict[str, Any]:
    return {axis: value for axis, value in axes.items() if axis != SEED}
