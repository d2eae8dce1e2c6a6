"""The axes of a sweep, as a command line has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override


@dataclass(frozen=True)
class Axis:
    """A swept key, its values as a command line has them (`init.gain=0.5`), and what they mean."""

    key: str
    words: list[str]
    values: list[Any]


def read_axes(overrides: Sequence[Override]) -> tuple[list[Axis], list[str]]:
    """The axes, and the overrides that are no axis. Where a key is repeated the last one counts."""
    parser = OverridesParser.create()
    axes: list[Axis] = []
    constants: list[str] = []
    for key, override in {override.get_key_element(): override for override in overrides}.items():
        if override.is_sweep_override():
            words = [f"{key}={value}" for value in override.sweep_string_iterator()]
            axes.append(Axis(key, words, [parsed.value() for parsed in parser.parse_overrides(words)]))
        else:
            constants.append(f"{key}={override.get_value_element_as_str()}")
    return axes, constants
