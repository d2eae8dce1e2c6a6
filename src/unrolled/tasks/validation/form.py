"""The form that a task's examples must have, and the words in which messages name a place."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unrolled.errors import UserError
from unrolled.rnn import PATTERNS


@dataclass(frozen=True)
class Form:
    """What the examples of a task must look like; the fields are those of `Data`."""

    pattern: str
    reads: list[str] | int
    answers: list[str] | int

    @property
    def by_step(self) -> bool:
        """Whether there is an answer at each step."""
        return self.pattern != "sequence_to_vector"

    @property
    def writes(self) -> bool:
        return PATTERNS[self.pattern].writes

    @property
    def reads_vectors(self) -> bool:
        return self.pattern == "vector_to_sequence"

    @property
    def classes(self) -> int:
        """Number of classes, or of numbers, of an answer."""
        return len(self.answers) if isinstance(self.answers, list) else self.answers


def tensor(value: object, name: str) -> Tensor:
    """Returns the value if it is a plain tensor on the CPU. Raises UserError otherwise."""
    if not isinstance(value, Tensor):
        raise UserError(f"{name} is of type {type(value).__name__}; allowed: torch.Tensor")
    if value.layout != torch.strided or value.device.type != "cpu" or value.requires_grad:
        kind = "requires a gradient" if value.requires_grad else f"is {value.layout} on {value.device}"
        raise UserError(f"{name} {kind}; allowed: a dense tensor on the CPU without a gradient")
    if value.ndim == 0:
        raise UserError(f"{name} has no dimension; allowed: one value, or more, for each sample")
    return value


def shape_of(sizes: Sequence[int]) -> str:
    return str(tuple(sizes))


def first(wrong: Tensor) -> str | None:
    """Returns "sample 3, time step 5" for the first True of (N, ...) or (N, T, ...); None if there is none."""
    if not wrong.any():
        return None
    sample, *rest = wrong.nonzero()[0].tolist()
    return f"sample {sample}, time step {rest[0]}" if rest else f"sample {sample}"
