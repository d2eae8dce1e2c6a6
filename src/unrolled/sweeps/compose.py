"""The configurations of a sweep's runs, from as few compositions as the sum of the axes' lengths, not their product.

Hydra takes 0.1 s for a composition. A value (`init.gain=0.5,1`) replaces only itself. A choice (`activation=tanh,relu`)
replaces only its group if no file of the group sets anything outside of it. Groups whose files override other groups
(`task`, `experiment`) are composed for every combination.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

from omegaconf import DictConfig, OmegaConf

from unrolled.config.axes import Axis
from unrolled.config.environment import number_of
from unrolled.config.files import CONF, choices
from unrolled.config.schema import Config, plain
from unrolled.config.validate import typed, values_of
from unrolled.errors import UserError
from unrolled.run.checks import check_typed, without_hydra
from unrolled.run.hydra_errors import in_one_line, key_of


@dataclass(frozen=True)
class Combination:
    """One combination of the axes' values, from which a run is made.

    words: all overrides, in the order given.
    axes: swept key -> value.
    config: typed and validated.
    """

    words: list[str]
    axes: dict[str, Any]
    config: Config


def combinations(loader: Any, config: DictConfig, axes: Sequence[Axis], constants: Sequence[str]) -> list[Combination]:
    """Returns every combination of the axes' values, the last axis fastest.

    loader: Hydra's config loader.
    config: what it composed of the sweep, with the `hydra` group.
    constants: the overrides that are no axis.
    Raises UserError for the first combination that is not valid.
    """
    overriding = [axis for axis in axes if not _is_value(axis) and _overrides_other_groups(axis.key)]
    parts = {}
    for words in product(*(axis.words for axis in overriding)):
        chosen = dict(zip([axis.key for axis in overriding], words, strict=True))
        parts[words] = _Parts(loader, config, axes, chosen, constants)
    return list(_assembled(axes, overriding, parts, constants))


def _assembled(axes, overriding, parts, constants) -> Iterator[Combination]:
    for places in product(*(range(len(axis.words)) for axis in axes)):
        words = [axis.words[i] for axis, i in zip(axes, places, strict=True)]
        chosen = tuple(word for word, axis in zip(words, axes, strict=True) if axis in overriding)
        try:
            config = parts[chosen].config(words)
            config = check_typed(config)
        except UserError as error:
            raise UserError(f"{error} (run {' '.join(words)})", error.key) from error
        values = {axis.key: axis.values[i] for axis, i in zip(axes, places, strict=True)}
        if any("${" in word for word in words):
            values = {key: number_of(value, key, plain(config)) for key, value in values.items()}
        yield Combination([*constants, *words], values, config)


def _is_value(axis: Axis) -> bool:
    return axis.key == "seed" or ("." in axis.key and axis.key[0] not in "+~")


@cache
def _overrides_other_groups(key: str) -> bool:
    """Returns whether a file of this group can set anything outside of it; True for a key that is no group."""
    if key not in choices():
        return True
    texts = [file.read_text(encoding="utf-8") for file in (CONF / key).glob("*.yaml")]
    return any("@package" in text or "defaults:" in text for text in texts)


class _Parts:
    """The parts of all configurations that share their choices of the groups that override others.

    chosen: those choices, as words by key.
    """

    def __init__(self, loader: Any, config: DictConfig, axes, chosen: dict[str, str], constants) -> None:
        self.loader, self.master, self.constants = loader, config, list(constants)
        self.first = {axis.key: chosen.get(axis.key, axis.words[0]) for axis in axes}
        self.refers = _refers([axis.values for axis in axes if _is_value(axis)])
        self.base = self._compose({})
        self.parts: dict[str, tuple[tuple[str, ...], Any]] = {}  # word -> path of its key, value there
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
            composed = without_hydra(self.loader.load_sweep_config(self.master, words))
            written: Any = OmegaConf.to_container(composed, resolve=False)
            self.refers = self.refers or _refers(written)
            return written if self.refers else values_of(composed)
        except Exception as error:
            raise UserError(f"{in_one_line(error)} (run {' '.join(words)})", key_of(error)) from error

    def config(self, words: Sequence[str]) -> Config:
        """Returns the typed configuration of one run; a value wins over the choice of its group."""
        config = copy.deepcopy(self.base)
        parts = [self.parts[word] for word in words if word in self.parts]
        for (*groups, key), part in sorted(parts, key=lambda part: len(part[0])):
            node = config
            for group in groups:
                node = node[group]
            node[key] = copy.deepcopy(part)
        return typed(values_of(OmegaConf.create(config)) if self.refers else config)


def _refers(values: Any) -> bool:
    """Returns whether a value refers to another (`${seed}`), which an axis may set, or is mandatory (`???`)."""
    text = repr(values)
    return "${" in text or "???" in text
