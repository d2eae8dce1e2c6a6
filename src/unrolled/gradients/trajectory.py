"""The states of a recurrent layer along its inputs, and ln |f'| there, in float64: where every diagnostic starts."""

import copy
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from unrolled.rnn import RNN, Activation
from unrolled.rnn.masking import blanked, first_not_finite


@dataclass(frozen=True)
class Trajectory:
    """h_t = f(a_t) and J_t = diag(f'(a_t)) W_h for T steps of B samples; all float64.

    W_h (H, H). h0 (B, H). a, h, ln_slope (T, B, H): pre-activations, states, ln |f'(a_t)|. mask bool (T, B): False =
    carried, J_t = I. diverged_at: the first step whose a_t is not finite, or None.
    """

    f: Activation
    W_h: Tensor
    h0: Tensor
    a: Tensor
    h: Tensor
    ln_slope: Tensor
    mask: Tensor
    diverged_at: int | None

    @cached_property
    def scaled_slope(self) -> tuple[Tensor, Tensor]:
        """f'(a_t) as (values (T, B, H) of size at most 1, ln of their common factor (T, B))."""
        largest = self.ln_slope.amax(2)
        largest = torch.where(torch.isneginf(largest), 0.0, largest)
        slope = torch.exp(self.ln_slope - largest.unsqueeze(2))
        if self.f.log_derivative is None:  # else f' > 0
            slope = torch.where(self.f.derivative_at(self.a) < 0, -slope, slope)
        return slope, largest

    @cached_property
    def constant(self) -> bool:
        """Whether J_t is the same at every step of every sample."""
        slopes = self.ln_slope[self.mask]
        return bool((slopes == slopes[:1]).all())

    @property
    def previous(self) -> Tensor:
        """(T, B, H): h_{t-1}, the initial state first."""
        return torch.cat([self.h0.unsqueeze(0), self.h[:-1]])

    @property
    def driven(self) -> Tensor:
        """(T, B, H): W_x x_t + b, what a_t has besides W_h h_{t-1}."""
        return self.a - F.linear(self.previous, self.W_h)

    def of(self, samples: slice | Tensor) -> "Trajectory":
        """The same for some of the samples."""
        return self._cut(self.h0[samples], (slice(None), samples))

    def between(self, first: int, last: int) -> "Trajectory":
        """The same for the steps first ... last - 1."""
        return self._cut(self.previous[first], (slice(first, last),))

    def _cut(self, h0: Tensor, where: tuple[slice | Tensor, ...]) -> "Trajectory":
        by_step = {name: getattr(self, name)[where] for name in ("a", "h", "ln_slope", "mask")}
        return Trajectory(self.f, self.W_h, h0, **by_step, diverged_at=self.diverged_at)


@torch.no_grad()
def trajectory(rnn: RNN, x: Tensor, h0: Tensor | None = None, mask: Tensor | None = None) -> Trajectory:
    """Runs the layer (of any precision) on x (T, B, E), or tokens (T, B), in float64.

    h0: (B, H) or (H,); None = 0. mask: bool (T, B), True = real; None: all are. Raises ValueError for shapes that do
    not fit, and for nan and inf among the inputs: they are not the network's doing.
    """
    wrong = first_not_finite(x if mask is None or mask.shape != x.shape[:2] else blanked(x, mask))
    if wrong is not None:
        raise ValueError(f"x is {wrong}: inputs must be finite numbers")
    if h0 is not None and (wrong := first_not_finite(h0.reshape(-1, h0.shape[-1]), by_step=False)) is not None:
        raise ValueError(f"h0 is {wrong}: the initial state must be finite numbers")
    return states_along(rnn, x, h0, mask)


@torch.no_grad()
def states_along(rnn: RNN, x: Tensor, h0: Tensor | None = None, mask: Tensor | None = None) -> Trajectory:
    """As `trajectory`, of a network whose own embedding made x: where that is not finite the network has diverged."""
    rnn = copy.deepcopy(rnn).requires_grad_(False).double()
    if x.is_floating_point():
        x = x.double()
    if h0 is not None and x.ndim > 1:
        h0 = h0.double().expand(x.shape[1], -1)
    h = rnn(x, h0, mask=mask)
    x = blanked(x, mask)
    h0 = torch.zeros_like(h[0]) if h0 is None else h0
    a = rnn.project(x) + F.linear(torch.cat([h0.unsqueeze(0), h[:-1]]), rnn.W_h)
    real = torch.ones(h.shape[:2], dtype=torch.bool, device=h.device) if mask is None else mask
    finite = (torch.isfinite(a).all(2) | ~real).all(1)
    diverged_at = None if finite.all() else int((~finite).nonzero()[0])
    return Trajectory(rnn.f, rnn.W_h, h0, a, h, rnn.f.log_abs_derivative_at(a), real, diverged_at)
