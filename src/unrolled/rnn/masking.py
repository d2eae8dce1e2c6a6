"""What lies under a mask never counts, whatever its value: it is set to 0, for 0 times nan would be nan."""

from typing import NamedTuple

import torch
from torch import Tensor


class NotFinite(NamedTuple):
    """The first value that is not finite: its sample, its time step (None: there are none), and what it is."""

    sample: int
    step: int | None
    value: float

    def __str__(self) -> str:
        step = "" if self.step is None else f", time step {self.step}"
        return f"{self.value} at sample {self.sample}{step}"


def blanked(values: Tensor, mask: Tensor | None) -> Tensor:
    """The values (..., of each place of the mask) with 0 where the mask is False; themselves where it nowhere is."""
    if mask is None or bool(mask.all()):
        return values
    return values.masked_fill(~mask[(..., *[None] * (values.ndim - mask.ndim))], 0)


def first_not_finite(values: Tensor, by_step: bool = True) -> NotFinite | None:
    """Of values (T, B, ...), or (B, ...) where not by_step: of the earliest step the first sample; None: all are."""
    if not values.is_floating_point() or bool(torch.isfinite(values).all()):
        return None
    place = (~torch.isfinite(values)).nonzero()[0].tolist()
    step, sample = (place[0], place[1]) if by_step else (None, place[0])
    return NotFinite(sample, step, float(values[tuple(place)]))
