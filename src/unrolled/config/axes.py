"""Reads the axes of a sweep from the overrides of a command line."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    IntervalSweep,
    Override,
    OverrideType,
    Quote,
    QuotedString,
    RangeSweep,
    ValueType,
)

from unrolled.errors import UserError

MOST = 10_000  # runs of a sweep: they are composed and validated before the first starts, which takes seconds


@dataclass(frozen=True)
class Axis:
    """A swept key with its values.

    words: one override per value, as on the command line (`init.gain=0.5`).
    values: the parsed values, in the same order.
    """

    key: str
    words: list[str]
    values: list[Any]


def check_axes(overrides: Iterable[Override]) -> None:
    """Raises UserError as `read_axes` does, without listing the values."""
    _check_number(_last(overrides).values())


def read_axes(overrides: Sequence[Override]) -> tuple[list[Axis], list[str]]:
    """Splits overrides into axes and constants. If a key is repeated, its last override counts.

    Returns (axes, constants): one axis per swept key, and the other overrides as `key=value`.
    Raises UserError for an axis without values or one that cannot be listed, and for more than MOST combinations.
    """
    parser = OverridesParser.create()
    axes: list[Axis] = []
    last = _last(overrides)
    _check_number(last.values())
    for key, override in last.items():
        if override.is_sweep_override():
            words = [_word(parser, key, value) for value in override.sweep_iterator()]
            axes.append(Axis(key, words, [parsed.value() for parsed in parser.parse_overrides(words)]))
    return axes, constants_of(overrides)


def constants_of(overrides: Iterable[Override]) -> list[str]:
    """Returns the overrides that are no axes, as `key=value`. It lists no axis: Hydra alone knows what a glob finds."""
    last = _last(overrides).items()
    return [f"{key}={each.get_value_element_as_str()}" for key, each in last if not each.is_sweep_override()]


def _last(overrides: Iterable[Override]) -> dict[str, Override]:
    return {override.get_key_element(): override for override in overrides}


def _word(parser: OverridesParser, key: str, value: Any) -> str:
    """Returns the override that gives a key this value; a text that would be read as something else is in quotes."""
    plain = Override(OverrideType.CHANGE, key, ValueType.ELEMENT, value)
    word = f"{key}={plain.get_value_element_as_str()}"
    if isinstance(value, str) and parser.parse_override(word).value() != value:
        return f"{key}={QuotedString(value, Quote.single).with_quotes()}"
    return word


def _check_number(overrides: Iterable[Override]) -> None:
    """Raises UserError for a number of combinations that is 0 or above MOST. No range is listed for it."""
    lengths = {each.get_key_element(): _length(each) for each in overrides if each.is_sweep_override()}
    total = math.prod(lengths.values())
    if total > MOST:
        parts = ", ".join(f"{key} has {length:,.15g}" for key, length in lengths.items())
        raise UserError(
            f"{total:,.15g} runs ({parts}): a sweep has at most {MOST:,}: give fewer values, or several sweeps"
        )


def _length(override: Override) -> float:
    """Returns how many values an axis has. Raises UserError if there is none, or if they cannot be counted."""
    swept, word, key = override.value(), override.input_line, override.get_key_element()
    if isinstance(swept, IntervalSweep):
        raise UserError(
            f"{word}: an interval has no values to list: use range(start,stop,step), or values with commas", key
        )
    if isinstance(swept, RangeSweep):
        length = _length_of_range(swept, word, key)
    elif isinstance(swept, ChoiceSweep):
        length = len(swept.list)
    else:
        length = len(list(override.sweep_iterator()))  # the names that a glob finds
    if not length:
        raise UserError(f"{word}: no value: a run needs one", key)
    return length


def _length_of_range(swept: RangeSweep, word: str | None, key: str) -> float:
    start, stop, step = (float(each or 0) for each in (swept.start, swept.stop, swept.step))
    if not step or math.isnan(start + stop + step):
        raise UserError(f"{word}: a range needs numbers, and a step that is not 0", key)
    length = (stop - start) / step
    return max(0, math.ceil(length)) if math.isfinite(length) else max(0.0, length)
