"""A batch: what a network reads, and what it should answer. T, T' time steps, B samples, E inputs, K numbers."""

from typing import NamedTuple

import torch
from torch import Tensor


class Batch(NamedTuple):
    """What a network reads, and what it should answer.

    x: tokens int64 (T, B), or numbers (T, B, E); for vector to sequence the vectors (B, D).
    mask: bool (T, B), True = real; sequences end at the same step. None for vectors.
    y: a class (B,) or numbers (B, K); with an answer at each step (T', B) or (T', B, K).
    y_mask: bool (T', B), True = this answer counts; None: all do. What is written starts at the same step.
    """

    x: Tensor
    mask: Tensor | None
    y: Tensor
    y_mask: Tensor | None

    def part(self, number: int, of: int) -> "Batch":
        """The samples of one of several parts, in order; a part may be empty."""

        def cut(values: Tensor | None, by_step: bool) -> Tensor | None:
            return None if values is None else values.tensor_split(of, dim=int(by_step))[number]

        x, y = cut(self.x, self.mask is not None), cut(self.y, self.y_mask is not None)
        assert x is not None and y is not None
        return Batch(x, cut(self.mask, True), y, cut(self.y_mask, True))

    def counted(self, values: Tensor) -> Tensor:
        """(n, ...): of the values (T', B, ...) or (B, ...) of each answer those of the answers that count."""
        return values if self.y_mask is None else values[self.y_mask]

    @property
    def answers(self) -> int:
        """How many count."""
        return len(self.y) if self.y_mask is None else int(self.y_mask.sum())


def real_steps(batch: Batch) -> Tensor:
    if batch.mask is not None:
        return batch.mask
    return torch.ones(batch.x.shape[:2], dtype=torch.bool, device=batch.x.device)


def target_mask(batch: Batch) -> Tensor:
    if batch.y_mask is not None:
        return batch.y_mask
    return torch.ones(batch.y.shape[:2], dtype=torch.bool, device=batch.y.device)
