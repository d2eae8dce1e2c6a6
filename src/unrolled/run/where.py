"""Finds the place of a value in the composed YAML files, for messages about it."""

from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from unrolled.config.aliases import ALIASES
from unrolled.config.yaml_file import shown
from unrolled.errors import UserError

AXES = ("hydra", "sweeper", "params")  # where a sweep's file has its axes, each under its dotted key


def located(error: UserError, loader: Any, config: DictConfig) -> UserError:
    """Returns the error with file, line and column of its value; unchanged if the value is in no file.

    loader: Hydra's config loader. config: what it composed, with the `hydra` group.
    """
    overrides = list(OmegaConf.select(config, "hydra.overrides.task") or [])
    if not error.key or _is_overridden(error.key, overrides):
        return error
    names = [error.key, *(old for old, new in ALIASES.items() if new == error.key)]
    for (file, package), key in product(reversed(_files(loader, config, overrides)), names):
        if (found := position(file, _path(key, package))) or (found := position(file, (*AXES, key))):
            return UserError(f"{error} (in {shown(file)}, line {found[0]}, column {found[1]})", error.key)
    return error


def in_file(file: Path, key: str) -> str:
    """Returns the place of a key in a file, for the end of a message; "" if the file does not have it."""
    found = position(file, key.split(".")) or position(file, (*AXES, key))
    return f" (in {shown(file)}, line {found[0]}, column {found[1]})" if found else ""


def position(file: Path, path: Sequence[str] | None) -> tuple[int, int] | None:
    """Returns line and column, counted from 1, of the key at the end of the path in a YAML file; None if not there."""
    if not path:
        return None
    node, mark = yaml.compose(file.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader), None
    for name in path:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        key, node = next(((key, value) for key, value in pairs if key.value == name), (None, None))
        if key is None:
            return None
        mark = key.start_mark
    return (mark.line + 1, mark.column + 1) if mark is not None else None


def _is_overridden(key: str, overrides: Iterable[str]) -> bool:
    """Returns whether the command line sets the key."""
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    return any(override.get_key_element().lstrip("+") == key for override in parsed)


def _files(loader: Any, config: DictConfig, overrides: list[str]) -> list[tuple[Path, str]]:
    """Returns the files that the configuration was composed from, in order, each with its package."""
    words = [*overrides, *(OmegaConf.select(config, "hydra.overrides.hydra") or [])]
    defaults = loader.compute_defaults_list(config.hydra.job.config_name, words, RunMode.MULTIRUN).defaults
    folders = [Path(source.path) for source in config.hydra.runtime.config_sources if source.schema == "file"]
    found = []
    for default in defaults:
        places = (folder / f"{default.config_path.removesuffix('.yaml')}.yaml" for folder in folders)
        if (file := next((place for place in places if place.is_file()), None)) is not None:
            found.append((file, default.package or ""))
    return found


def _path(key: str, package: str) -> list[str] | None:
    """Returns the parts of a key below a file's package; None if the file cannot set it."""
    parts, above = key.split("."), package.split(".") if package else []
    return parts[len(above) :] if parts[: len(above)] == above else None
