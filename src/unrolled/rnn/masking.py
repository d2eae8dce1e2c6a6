"""Masked values never count, whatever they are: they are set to 0, because 0 times nan would be nan."""

from typing import NamedTuple

import torch
from torch import Tensor

PIECE = 1 << 22  # values that are looked at at once


class NotFinite(NamedTuple):
    """The first value that is not finite.

    sample: its sample.
    step: its time step; None if the values have none.
    value: nan, inf or -inf.
    """

    sample: int
    step: int | None
    value: float

    def __str__(self) -> str:
        step = "" if self.step is None else f", time step {self.step}"
        return f"{self.value} at sample {self.sample}{step}"


def blanked(values: Tensor, mask: Tensor | None) -> Tensor:
    """Returns the values with 0 where the mask is False; the values themselves if it never is.

    values: (..., further dimensions).
    mask: bool (...), or None.
    """
    if mask is None or bool(mask.all()):
        return values
    return values.masked_fill(~mask[(..., *[None] * (values.ndim - mask.ndim))], 0)


def first_not_finite(values: Tensor, by_step: bool = True) -> NotFinite | None:
    """Finds the first sample, of the earliest time step, with a value that is not finite; None if there is none.

    values: (T, B, ...), or (B, ...) without time steps.
    by_step: whether the first dimension is time.
    """
    if not values.is_floating_point():
        return None
    rows = max(1, PIECE // max(1, values[:1].numel()))
    for first, part in zip(range(0, len(values), rows), values.split(rows), strict=True):
        finite = torch.isfinite(part)
        if not bool(finite.all()):
            place = (~finite).nonzero()[0].tolist()
            place[0] += first
            step, sample = (place[0], place[1]) if by_step else (None, place[0])
            return NotFinite(sample, step, float(values[tuple(place)]))
    return None
