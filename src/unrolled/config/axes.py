"""Reads the axes of a sweep from the overrides of a command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override


@dataclass(frozen=True)
class Axis:
    """A swept key with its values.

    words: one override per value, as on the command line (`init.gain=0.5`).
    values: the parsed values, in the same order.
    """

    key: str
    words: list[str]
    values: list[Any]


def read_axes(overrides: Sequence[Override]) -> tuple[list[Axis], list[str]]:
    """Splits overrides into axes and constants. If a key is repeated, its last override counts.

    Returns (axes, constants): one axis per swept key, and the other overrides as `key=value`.
    """
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
