"""The states of a vanilla layer, and J_t = diag(f'(a_t)) W_h: f' in logs, because 1 - tanh^2 would round to 0."""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from unrolled.rnn import Activation

from .along import Pulled, Trajectory
from .lengths import rank, unit
from .through_weights import through_weights

FLAT = 10  # a unit is flat where |f'| < gamma / 10


@dataclass(frozen=True)
class AlongVanilla(Trajectory):
    """States h_t = f(a_t) and Jacobians J_t = diag(f'(a_t)) W_h for T steps of B samples; all float64.

    W_h: (H, H).
    start: (B, H), initial states.
    a, state, ln_slope: (T, B, H), pre-activations, states, and ln |f'(a_t)|.
    mask: bool (T, B), False = carried: h_t = h_{t-1} and J_t = I.
    diverged_at: the first step whose a_t is not finite, or None.
    """

    f: Activation
    W_h: Tensor
    start: Tensor
    a: Tensor
    state: Tensor
    ln_slope: Tensor
    mask: Tensor
    diverged_at: int | None
    parts = ("f'", "W_h")

    def pull(self, t: int, v: Tensor) -> Pulled:
        """Computes J_t^T v; it is exactly 0 if only rounding is left of the sums over W_h."""
        slope, factor = self._scaled_slope
        da, ln_f = unit(v * slope[t].unsqueeze(1))
        back, ln_weights = unit(through_weights(self.W_h, da))
        ln_f = ln_f + factor[t]
        if self._some_carried[t]:
            real = self.mask[t]
            back, da = (torch.where(real[:, None, None], moved, kept) for moved, kept in ((back, v), (da, 0.0)))
            ln_f, ln_weights = (torch.where(real, ln, 0.0) for ln in (ln_f, ln_weights))
        return Pulled(back, ln_f + ln_weights, da, ln_f, ln_f, ln_weights)

    def push(self, t: int, u: Tensor) -> tuple[Tensor, Tensor]:
        slope, factor = self._scaled_slope
        moved = slope[t].unsqueeze(2) * (self.W_h @ u)
        if not self._some_carried[t]:
            return moved, factor[t]
        real = self.mask[t]
        return torch.where(real[:, None, None], moved, u), torch.where(real, factor[t], 0.0)

    def jacobian(self, t: int | None = None) -> Tensor:
        at = slice(None) if t is None else t
        J = self._signed(self.ln_slope[at].exp(), self.a[at]).unsqueeze(-1) * self.W_h
        return torch.where(self.mask[at][..., None, None], J, torch.eye(len(self.W_h), dtype=J.dtype, device=J.device))

    def ln_det(self, t: int) -> Tensor:
        """Computes ln |det J_t|, (B,); -inf if the smallest |f'| underflows beside the largest."""
        slope, factor = (each[t] for each in self._scaled_slope)
        ln = slope.abs().log().sum(1) + self._ln_det_weights + slope.shape[1] * factor
        return torch.where(self.mask[t], ln, 0.0)

    def rank(self, t: int) -> Tensor:
        """Returns an upper bound (B,) of the rank of J_t, from the rank of W_h and the number of units that are on."""
        on = torch.isfinite(self.ln_slope[t]).sum(1)
        return torch.where(self.mask[t], on.clamp_max(int(rank(self.W_h))), len(self.W_h))

    @cached_property
    def constant(self) -> bool:
        slopes = self.ln_slope[self.mask]
        return bool((slopes == slopes[:1]).all())

    @property
    def bounded(self) -> bool:
        return self.f.bounded

    @property
    def flat(self) -> float:
        """Share of (t, sample, unit) with |f'| < gamma / 10."""
        return float((self.ln_slope[self.mask] < math.log(self.f.gamma / FLAT)).double().mean())

    @property
    def flat_words(self) -> str:
        return "of the units sit in the flat part of f"

    @property
    def off(self) -> Tensor:
        return torch.isneginf(self.ln_slope)

    @property
    def nilpotent(self) -> bool:
        return nilpotent(self.W_h)

    @cached_property
    def eigenvalues(self) -> Tensor:
        """Eigenvalues of W_h, complex (H,)."""
        return torch.linalg.eigvals(self.W_h)

    @property
    def spectrum_of(self) -> str:
        return "W_h"

    def shrinks_by_flatness(self, path: float | None, band: float) -> bool:  # noqa: ARG002
        """Returns whether gradients would not shrink in the long run if f' were gamma at every unit."""
        rho = float(self.eigenvalues.abs().max()) * self.f.gamma
        return rho > math.exp(-band)

    @property
    def input_term(self) -> Tensor:
        """W_x x_t + b, (T, B, H): the part of a_t that does not come from h_{t-1}."""
        return self.a - F.linear(self.previous, self.W_h)

    @cached_property
    def _scaled_slope(self) -> tuple[Tensor, Tensor]:
        """f'(a_t) as values (T, B, H) of size at most 1 and ln of their common factor (T, B)."""
        largest = self.ln_slope.amax(2)
        largest = torch.where(torch.isneginf(largest), 0.0, largest)
        return self._signed(torch.exp(self.ln_slope - largest.unsqueeze(2)), self.a), largest

    def _signed(self, size: Tensor, a: Tensor) -> Tensor:
        """Gives |f'(a)|, at any scale, the sign of f'(a)."""
        if self.f.log_derivative is not None:  # then f' > 0
            return size
        return torch.where(self.f.derivative_at(a) < 0, -size, size)

    @cached_property
    def _some_carried(self) -> list[bool]:
        return (~self.mask).any(1).tolist()

    @cached_property
    def _ln_det_weights(self) -> Tensor:
        return torch.linalg.slogdet(self.W_h)[1]

    def _cut(self, start: Tensor, where: tuple[slice | Tensor, ...]) -> "AlongVanilla":
        by_step = {name: getattr(self, name)[where] for name in ("a", "state", "ln_slope", "mask")}
        return AlongVanilla(self.f, self.W_h, start, **by_step, diverged_at=self.diverged_at)


def nilpotent(W_h: Tensor) -> bool:
    """Returns whether W_h^H is 0 by the pattern of zeros in W_h (H, H) alone."""
    pattern = (W_h != 0).double()
    for _ in range(max(1, len(pattern) - 1).bit_length()):  # 2^i >= H
        pattern = (pattern @ pattern > 0).double()
    return not bool(pattern.any())
