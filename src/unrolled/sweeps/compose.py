"""The configurations of all cells of a sweep from few compositions: the sum of the axes' lengths, not their product.

Hydra takes .1 s to compose one. A value (`init.gain=0.5,1`) only replaces itself, and the choice of a group whose files
stay within it (`activation=tanh,relu`) only its own part; what reaches further (`task`, `experiment`) is composed in
every combination.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

from omegaconf import DictConfig

from unrolled.config.axes import Axis
from unrolled.config.files import CONF, choices
from unrolled.config.schema import Config
from unrolled.config.validate import check_options, typed, values_of
from unrolled.errors import UserError
from unrolled.run.preflight import check_typed, in_one_line, without_hydra


@dataclass(frozen=True)
class Combination:
    """A cell to be: its overrides in the order given, its axes' values, its configuration."""

    words: list[str]
    axes: dict[str, Any]
    config: Config


def combinations(loader: Any, config: DictConfig, axes: Sequence[Axis], constants: Sequence[str]) -> list[Combination]:
    """Every combination, the last axis fastest. Raises UserError for the first that cannot be."""
    far = [axis for axis in axes if not _is_value(axis) and _reaches_far(axis.key)]
    found = {}
    for chosen in product(*(axis.words for axis in far)):
        parts = _Parts(loader, config, axes, dict(zip([axis.key for axis in far], chosen, strict=True)), constants)
        found[chosen] = parts
    return list(_assembled(axes, far, found, constants))


def _assembled(axes, far, parts, constants) -> Iterator[Combination]:
    for places in product(*(range(len(axis.words)) for axis in axes)):
        words = [axis.words[i] for axis, i in zip(axes, places, strict=True)]
        chosen = tuple(word for word, axis in zip(words, axes, strict=True) if axis in far)
        try:
            config = parts[chosen].config(words)
            check_options(config)
            check_typed(config)
        except UserError as error:
            raise UserError(f"{error} (cell {' '.join(words)})", error.key) from error
        values = {axis.key: axis.values[i] for axis, i in zip(axes, places, strict=True)}
        yield Combination([*constants, *words], values, config)


def _is_value(axis: Axis) -> bool:
    return axis.key == "seed" or ("." in axis.key and axis.key[0] not in "+~")


@cache
def _reaches_far(key: str) -> bool:
    """Whether a choice of this group can change anything outside of it."""
    if key not in choices():
        return True
    texts = [file.read_text(encoding="utf-8") for file in (CONF / key).glob("*.yaml")]
    return any("@package" in text or "defaults:" in text for text in texts)


class _Parts:
    """What the cells with one choice of all that reaches far are put together from."""

    def __init__(self, loader: Any, config: DictConfig, axes, chosen: dict[str, str], constants) -> None:
        self.loader, self.master, self.constants = loader, config, list(constants)
        self.first = {axis.key: chosen.get(axis.key, axis.words[0]) for axis in axes}
        self.base = self._compose({})
        self.parts: dict[str, tuple[tuple[str, ...], Any]] = {}  # word -> where it belongs, and what it puts there
        for axis in axes:
            for word, value in zip(axis.words, axis.values, strict=True):
                if _is_value(axis):
                    self.parts[word] = (tuple(axis.key.split(".")), value)
                elif axis.key not in chosen:
                    composed = self._compose({axis.key: word}) if word != self.first[axis.key] else self.base
                    self.parts[word] = ((axis.key,), composed[axis.key])

    def _compose(self, others: dict[str, str]) -> dict[str, Any]:
        words = [*self.constants, *(self.first | others).values()]
        try:
            return values_of(without_hydra(self.loader.load_sweep_config(self.master, words)))
        except Exception as error:
            raise UserError(f"{in_one_line(error)} (cell {' '.join(words)})") from error

    def config(self, words: Sequence[str]) -> Config:
        """Returns the configuration of one run. Groups come first: a value wins over the choice of its group."""
        made = copy.deepcopy(self.base)
        parts = [self.parts[word] for word in words if word in self.parts]
        for (*groups, key), part in sorted(parts, key=lambda part: len(part[0])):
            node = made
            for group in groups:
                node = node[group]
            node[key] = copy.deepcopy(part)
        return typed(made)
