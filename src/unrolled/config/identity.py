"""Where a run belongs: its folder, its sweep, and its name from what was swept."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.conf import HydraConf
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import DictConfig

SEED = "seed"


@dataclass(frozen=True)
class Place:
    """sweep: the sweep's folder, None for a single run. axes: swept keys and this cell's values.

    name: of the run; cell: the same without the seed. choices: the chosen file of each config group.
    """

    folder: Path
    name: str
    cell: str
    sweep: Path | None = None
    axes: dict[str, Any] = field(default_factory=dict)
    choices: dict[str, str | None] = field(default_factory=dict)


def place_of(hydra: HydraConf, config: DictConfig) -> Place:
    """From Hydra's record of the job; the sweeper left the axes as the keys of `hydra.sweeper.params`."""
    folder = Path(hydra.runtime.output_dir)
    choices = {group: choice for group, choice in hydra.runtime.choices.items() if not group.startswith("hydra/")}
    axes = axis_values(list(hydra.sweeper.params or {}), list(hydra.overrides.task))
    sweep = Path(hydra.sweep.dir).absolute() if hydra.mode == RunMode.MULTIRUN else None
    if not axes:
        shown: dict[str, Any] = {
            "task": Path(config.task.file).stem if config.task.file else config.task.name,
            "activation": config.activation.name,
            "init.gain": float(config.init.gain),
            "model.hidden": config.model.hidden,
            SEED: config.seed,
        }
        return Place(folder, name_of(shown), name_of(_without_seed(shown)), sweep, choices=choices)
    return Place(folder, name_of(axes), name_of(_without_seed(axes)), sweep, axes, choices)


def axis_values(axes: Sequence[str], overrides: list[str]) -> dict[str, Any]:
    """The values that a cell's overrides give to the sweep's axes, in the axes' order."""
    parsed = OverridesParser.create().parse_overrides(overrides)
    values = {override.key_or_group: override.value() for override in parsed}
    return {axis: values[axis] for axis in axes if axis in values}


def name_of(axes: dict[str, Any]) -> str:
    """`tanh gain=1.5 seed=2`: a group's choice by itself, a value behind the last part of its key.

    Where two keys end alike both keep the whole key.
    """
    short = [axis.rpartition(".")[2] for axis in axes]
    words = []
    for (axis, value), tail in zip(axes.items(), short, strict=True):
        if "." not in axis and axis != SEED:
            words.append(shown(value))
        else:
            words.append(f"{tail if short.count(tail) == 1 else axis}={shown(value)}")
    return " ".join(words) or "the only run"


def shown(value: Any) -> str:
    """Returns the value as a user types it."""
    return "null" if value is None else str(value)


def _without_seed(axes: dict[str, Any]) -> dict[str, Any]:
    return {axis: value for axis, value in axes.items() if axis != SEED}
