"""Whether a configuration is one: each wrong key or value is told with what is allowed."""

import math
from dataclasses import fields, is_dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf

from unrolled.errors import UserError

from .files import choices, options
from .schema import Config

PRECISIONS = (32, 64)


def validate(config: DictConfig) -> Config:
    """The typed configuration, or UserError that names the first key whose value is not allowed.

    A group's `name` must be one of its YAML files, and its values among those which that file has.
    """
    found = typed(config)
    check_values(found)
    return found


def typed(config: DictConfig) -> Config:
    """With all keys, and each value of its key's type, but not yet in range. Raises UserError."""
    _check_keys(config, Config, "")
    merged = OmegaConf.merge(OmegaConf.structured(Config), config)  # a saved file has lost its types
    missing = sorted(OmegaConf.missing_keys(merged))
    if missing:
        raise UserError(f"{missing[0]} has no value: give one as {missing[0]}=...")
    found = OmegaConf.to_object(merged)
    assert isinstance(found, Config)
    return found


def from_plain(values: dict[str, Any]) -> Config:
    """Returns the typed configuration of plain values, as a checkpoint holds them. Raises UserError as `typed` does."""
    return typed(OmegaConf.create(values))


def check_values(config: Config) -> None:
    """Raises UserError for the first value that is out of range, or does not go with another."""
    _check_ranges(config, "")
    _check_combinations(config)


def _check_keys(config: DictConfig, schema: type, prefix: str) -> None:
    """`+model.foo=1` and `~model` get past OmegaConf's own check: not past this."""
    known = {f.name: f for f in fields(schema)}
    for key in config:
        if key not in known:
            raise UserError(f"unknown key {prefix}{key}; allowed here: {', '.join(known)}")
    for key, f in known.items():
        if key not in config:
            if f.metadata.get("added"):  # the record of an earlier version
                continue
            raise UserError(f"{prefix}{key} was deleted, and every run needs it")
        if is_dataclass(f.type):
            _check_keys(config[key], f.type, f"{prefix}{key}.")  # type: ignore[arg-type]


def _check_ranges(node: Any, prefix: str) -> None:
    for f in fields(node):
        key, value = prefix + f.name, getattr(node, f.name)
        if is_dataclass(value):
            _check_ranges(value, key + ".")
        elif value is None:
            continue
        elif words := f.metadata.get("words"):
            if value not in words:
                raise UserError(f"{key}={value}: allowed: {', '.join(words)}")
        elif (allowed := f.metadata.get("range")) and not _inside(value, **allowed):
            raise UserError(f"{key}={value} is out of range: must be {_words(value, **allowed)}")


def _inside(value: float, min: float, above: float, max: float) -> bool:
    return math.isfinite(value) and min <= value <= max and value > above


def in_words(min: float = -math.inf, above: float = -math.inf, max: float = math.inf) -> str:
    """The range "at least 1 and at most 8"; "" where all numbers are allowed."""
    if min == max:
        return f"{min:.15g}"
    bounds = {"at least": min, "above": above, "at most": max}
    return " and ".join(f"{word} {bound:.15g}" for word, bound in bounds.items() if math.isfinite(bound))


def _words(value: float, min: float, above: float, max: float) -> str:
    told = in_words(min, above, max)
    return told if math.isfinite(value) or min == max else " and ".join(filter(None, ["finite", told]))


def _check_combinations(config: Config) -> None:
    for group in ("task", "activation", "embedding"):
        name, allowed = getattr(config, group).name, choices()[group]
        if name not in allowed:
            raise UserError(f"{group}.name={name}: allowed: {', '.join(allowed)}")
    _check_options("task", config.task.name, config.task)
    _check_options("embedding", config.embedding.name, config.embedding)
    _check_options("loss", config.loss.name.name, config.loss)
    if config.trainer.precision not in PRECISIONS:
        allowed = ", ".join(map(str, PRECISIONS))
        raise UserError(f"trainer.precision={config.trainer.precision}: allowed: {allowed} (bits)")
    if not config.tracker.project.strip():
        raise UserError("tracker.project is empty: give W&B a project name")


def _check_options(group: str, name: str, node: Any) -> None:
    """Choices of one group share a dataclass; each has the values that its own file names, the others are null."""
    has = options(group, name)
    for f in fields(node):
        value = getattr(node, f.name)
        if value is not None and f.name not in has:
            allowed = ", ".join(key for key in has if key != "name") or "none"
            raise UserError(f"{group}.{f.name}={value}: {group}={name} has no such value; it has: {allowed}")
        if value is None and has.get(f.name) is not None:
            raise UserError(f"{group}.{f.name} has no value: {group}={name} needs one")
