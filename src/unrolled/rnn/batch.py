"""A batch of inputs and targets. Shapes: T input steps, T' output steps, B samples, E inputs, K numbers of a target."""

from typing import NamedTuple

import torch
from torch import Tensor


class Batch(NamedTuple):
    """Inputs and targets of B samples.

    x: tokens int64 (T, B), or numbers (T, B, E); for vector to sequence the vectors (B, D).
    mask: bool (T, B), True = real step; all sequences end at the last step. None for vectors.
    y: a class (B,) or numbers (B, K); with a target at each step (T', B) or (T', B, K).
    y_mask: bool (T', B), True = this target counts; None: all do. Written sequences start at the same step.
    """

    x: Tensor
    mask: Tensor | None
    y: Tensor
    y_mask: Tensor | None

    def part(self, number: int, of: int) -> "Batch":
        """Returns part `number` (from 0) of the batch cut by samples into `of` parts; a part may be empty."""

        def cut(values: Tensor | None, by_step: bool) -> Tensor | None:
            return None if values is None else values.tensor_split(of, dim=int(by_step))[number]

        x, y = cut(self.x, self.mask is not None), cut(self.y, self.y_mask is not None)
        assert x is not None and y is not None
        return Batch(x, cut(self.mask, True), y, cut(self.y_mask, True))

    def first(self, samples: int) -> "Batch":
        """Returns the batch of the first samples alone, or of all if there are fewer."""

        def cut(values: Tensor | None, by_step: bool) -> Tensor | None:
            return None if values is None else (values[:, :samples] if by_step else values[:samples])

        x, y = cut(self.x, self.mask is not None), cut(self.y, self.y_mask is not None)
        assert x is not None and y is not None
        return Batch(x, cut(self.mask, True), y, cut(self.y_mask, True))

    def counted(self, values: Tensor) -> Tensor:
        """Returns the values of the n targets that count, (n, ...), from values of all, (T', B, ...) or (B, ...)."""
        return values if self.y_mask is None else values[self.y_mask]

    @property
    def answers(self) -> int:
        """Returns the number of targets that count."""
        return len(self.y) if self.y_mask is None else int(self.y_mask.sum())


def real_steps(batch: Batch) -> Tensor:
    """Returns the mask of real input steps, bool (T, B); all True if the batch has none."""
    if batch.mask is not None:
        return batch.mask
    return torch.ones(batch.x.shape[:2], dtype=torch.bool, device=batch.x.device)


def target_mask(batch: Batch) -> Tensor:
    """Returns the mask of targets that count, bool (T', B); all True if the batch has none."""
    if batch.y_mask is not None:
        return batch.y_mask
    return torch.ones(batch.y.shape[:2], dtype=torch.bool, device=batch.y.device)
