"""Sequences as a network reads them, those of a training and those of another archive, in the scale of the training."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from unrolled.config.schema import TaskConfig
from unrolled.digits import counted, exact
from unrolled.errors import UserError

from .answers import unknown_class
from .data import Split
from .gathered import gathered
from .places import SEQUENCE, Examples, Places
from .tables.archive import Sequences, archive
from .tables.cleaned import complete, delayed
from .tables.padding import to_the_left
from .units import Units


class Scale(NamedTuple):
    """Mean and sd of the E numbers of a step, float64 (E,)."""

    mean: np.ndarray
    sd: np.ndarray


def scaled(steps: np.ndarray, scale: Scale | None) -> np.ndarray:
    """Returns steps (S, E) by mean and sd, float32."""
    if scale is None:
        return steps.astype(np.float32, copy=False)
    return ((steps - scale.mean) / np.where(scale.sd > 0, scale.sd, 1.0)).astype(np.float32)


def split_of(found: Sequences, scale: Scale | None, y: Tensor, rows: np.ndarray, T: int) -> Split:
    """Returns the sequences at these places, scaled and padded on the left; longer ones keep their last T steps."""
    ends, lengths = np.cumsum(found.lengths)[rows], found.lengths[rows]

    def gather(chosen: Tensor) -> Tensor:
        i = chosen.numpy()
        return torch.from_numpy(to_the_left(found.steps, ends[i], lengths[i], T, lambda steps: scaled(steps, scale))[0])

    mask = torch.from_numpy(np.arange(T - 1, -1, -1) < lengths[:, None])
    if not found.by_step:
        return gathered(gather, mask, y[torch.from_numpy(rows)])
    answers, _ = to_the_left(y.numpy(), ends, lengths, T)
    return gathered(gather, mask, torch.from_numpy(answers), mask)


def places_of(found: Sequences, rows: np.ndarray, T: int, true: list[str] | np.ndarray) -> Places:
    """Returns the places of the answers of the sequences at these places, of which the last T steps are read.

    true: all answers of the archive.
    """
    if not found.by_step:
        return Places(SEQUENCE, found.numbers[rows], _at(true, rows))
    ends, kept = np.cumsum(found.lengths), np.minimum(found.lengths, T)
    steps = np.concatenate([np.arange(int(ends[i] - kept[i]), int(ends[i])) for i in rows])
    owners = np.repeat(rows, kept[rows])
    step = steps - found.starts[owners]
    return Places(SEQUENCE, found.numbers[owners], _at(true, steps), {"step": step})


def _at(values: list[str] | np.ndarray, rows: np.ndarray) -> list[str] | np.ndarray:
    return values[rows] if isinstance(values, np.ndarray) else [values[i] for i in rows]


def classes_of(y: np.ndarray) -> list[str]:
    """Returns the names of answers that are classes."""
    return [exact(each) if y.dtype.kind == "f" else str(each) for each in y.reshape(-1).tolist()]


def numbers_of(y: np.ndarray) -> np.ndarray:
    """Returns answers that are numbers, float64 (P, K)."""
    return y.reshape(len(y), -1).astype(np.float64)


@dataclass(frozen=True)
class SequencesReader:
    """Reads an archive as that of a training was read.

    config: the options of the training.
    scale: of the steps in its training part.
    answers: names of the classes, or how many numbers.
    units: of those numbers.
    by_step: whether there is an answer a step.
    inputs: how many numbers a step.
    """

    config: TaskConfig
    scale: Scale | None
    answers: list[str] | int
    units: Units | None
    by_step: bool
    inputs: int

    def __call__(self, file: str) -> Examples:
        """Returns all sequences of an archive. Raises UserError, which names the array and the place."""
        found = complete(archive(file, ("x",)), self.config)
        E = found.steps.shape[1]
        if self.inputs != E:
            raise UserError(f"{found.name}: x has {counted(E, 'numbers')} a step; the run reads {self.inputs}")
        if self.config.delay is not None and found.answered:
            found = delayed(found, self.config.delay)
        if found.answered and found.by_step != self.by_step:
            one, other = ("step", "sequence") if found.by_step else ("sequence", "step")
            raise UserError(f"{found.name}: y has an answer a {one}; the run answers once a {other}")
        true = self._true(found)
        T = min(int(found.lengths.max()), self.config.length or int(found.lengths.max()))
        rows = np.arange(len(found.lengths))
        if self.by_step:
            found = replace(found, by_step=True)
        n = len(found.steps) if self.by_step else len(rows)
        y = torch.zeros(n, dtype=torch.int64) if isinstance(self.answers, list) else torch.zeros(n, self.answers)
        split = split_of(found, self.scale, y, rows, T)
        notes = [] if found.answered else [f"{found.name} has no array y: no score"]
        return Examples(split, places_of(found, rows, T, true), notes)

    def _true(self, found: Sequences) -> list[str] | np.ndarray:
        n = len(found.steps) if self.by_step else len(found.lengths)
        if isinstance(self.answers, list):
            if not found.answered:
                return [""] * n
            names, known = classes_of(found.y), set(self.answers)
            for i, each in enumerate(names):
                if each not in known:
                    raise unknown_class(f"{found.name}: y[{i}] is", each, self.answers)
            return names
        if not found.answered:
            return np.full((n, self.answers), np.nan)
        if found.y.dtype.kind not in "iufb":
            raise UserError(f"{found.name}: y is {found.y.dtype}; the run answers with numbers")
        numbers = numbers_of(found.y)
        if numbers.shape[1] != self.answers:
            K = numbers.shape[1]
            raise UserError(f"{found.name}: y has {counted(K, 'columns')}; the run answers with {self.answers}")
        return numbers
