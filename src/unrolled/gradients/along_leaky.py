"""The states of a leaky layer: its activation may be flat, and 1 - a of the state stays whatever it is."""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from unrolled.rnn.cells.leaky import Leaky

from .along_cell import AlongCell
from .along_vanilla import FLAT


@dataclass(frozen=True)
class AlongLeaky(AlongCell):
    """States and Jacobians J_t = (1 - a) I + a diag(f'(a_t)) W_h."""

    cell: Leaky

    @property
    def bounded(self) -> bool:
        return self.cell.f.bounded

    @property
    def flat(self) -> float:
        """Share of (t, sample, unit) with |f'| < gamma / 10."""
        flat = self.partials.by_q[0][self.mask].abs() < self.cell.leak * self.cell.f.gamma / FLAT
        return float(flat.double().mean())

    @property
    def flat_words(self) -> str:
        return "of the units sit in the flat part of f"

    @cached_property
    def eigenvalues(self) -> Tensor:
        """Eigenvalues of (1 - a) I + a W_h, complex (H,)."""
        return 1 - self.cell.leak + self.cell.leak * torch.linalg.eigvals(self.W_h)

    @property
    def spectrum_of(self) -> str:
        return "(1 - a) I + a W_h"

    def shrinks_by_flatness(self, path: float | None, band: float) -> bool:  # noqa: ARG002
        """Returns whether gradients would not shrink in the long run if f' were gamma at every unit."""
        leak = self.cell.leak
        steepest = 1 - leak + leak * self.cell.f.gamma * torch.linalg.eigvals(self.W_h)
        return float(steepest.abs().max()) > math.exp(-band)
