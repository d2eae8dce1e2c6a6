"""Refuses a list for a config group (`activation=[tanh,relu]`), of which Hydra would keep the last choice only."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override
from omegaconf import DictConfig, ListConfig, OmegaConf

from unrolled.errors import UserError

from .files import choices


def refuse_lists(words: Iterable[str]) -> None:
    """Raises UserError for the first override that gives a group a list, as its value or as a value of an axis."""
    parser = OverridesParser.create()
    for word in words:
        override = parser.parse_override(word)
        if override.key_or_group not in choices() and "/" not in override.key_or_group:
            continue
        values = _values(parser, override)
        if any(isinstance(value, list) for value in values):
            raise _several(word, override.key_or_group, values)


def refuse_listed_defaults(file: Path) -> None:
    """Raises UserError if the defaults list of a configuration file gives a group a list.

    file: which is a valid configuration.
    """
    read: Any = OmegaConf.load(file)
    defaults, name = read.get("defaults", []), file.stem
    for key, choice in ((str(k), c) for entry in defaults if isinstance(entry, DictConfig) for k, c in entry.items()):
        group = key.removeprefix("override ").removeprefix("optional ").lstrip("/")
        if isinstance(choice, ListConfig):
            raise _several(f"{key}: [{', '.join(map(str, choice))}] in {name}", group, [list(choice)])


def _values(parser: OverridesParser, override: Override) -> list[Any]:
    if not isinstance(override.value(), ChoiceSweep):  # names that a glob finds, or numbers of a range, are no lists
        return [override.value()]
    words = [f"{override.key_or_group}={value}" for value in override.sweep_string_iterator()]
    return [parser.parse_override(each).value() for each in words]


def _several(word: str, group: str, values: list[Any]) -> UserError:
    names = [name for value in values for name in (value if isinstance(value, list) else [value])]
    spelt = ",".join(map(str, names))
    one = f"give one choice, such as {group}={names[0]}" if names else "give one choice"
    several = f", or {group}={spelt} with -m for a run of each" if len(names) > 1 else ""
    return UserError(f"{word}: a list would leave only its last choice: {one}{several}")
