"""The states of a recurrent layer along its inputs, and J_t = dh_t/dh_{t-1} there; the start of every diagnostic.

All in float64. Only this file knows what J_t is made of: diagnostics call `pull` (backwards), `push` (forwards) and
`jacobian`.
"""

import copy
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from unrolled.rnn import RNN, Activation
from unrolled.rnn.masking import blanked, first_not_finite

from .lengths import rank, unit

NEARLY = 1e-8  # of W_h's norm: a shorter product may be nothing but rounding


class Pulled(NamedTuple):
    """Gradients one time step further back, and on their way there, as directions and ln of their lengths.

    v: (..., B, K, H), direction of J_t^T v_before, which is exp(ln_f + ln_weights) v.
    da: (..., B, K, H), direction of dL/da_t, which is exp(ln_f) da.
    ln_f: (..., B), ln of the factor by which f' changes the length; -inf = exactly 0.
    ln_weights: (..., B), ln of the factor by which W_h changes it after that; -inf = exactly 0.
    v and da have length 1 over the K directions of a sample, or 0 if nothing is left. At a carried step v is unchanged,
    da is 0 and both logarithms are 0.
    """

    v: Tensor
    da: Tensor
    ln_f: Tensor
    ln_weights: Tensor


@dataclass(frozen=True)
class Trajectory:
    """States h_t = f(a_t) and Jacobians J_t = diag(f'(a_t)) W_h for T steps of B samples; all float64.

    W_h: (H, H).
    h0: (B, H), initial states.
    a, h, ln_slope: (T, B, H), pre-activations, states, and ln |f'(a_t)|.
    mask: bool (T, B), False = carried: h_t = h_{t-1} and J_t = I.
    diverged_at: the first step whose a_t is not finite, or None.
    """

    f: Activation
    W_h: Tensor
    h0: Tensor
    a: Tensor
    h: Tensor
    ln_slope: Tensor
    mask: Tensor
    diverged_at: int | None

    def pull(self, t: int, v: Tensor) -> Pulled:
        """Computes J_t^T v: gradients in h_t, carried back to h_{t-1}.

        v: (..., B, K, H), K directions for each sample, as rows.
        The result is exactly 0 if only rounding is left of the sums over W_h.
        """
        slope, factor = self._scaled_slope
        da, ln_f = unit(v * slope[t].unsqueeze(1))
        back, ln_weights = unit(self._through_weights(da))
        ln_f = ln_f + factor[t]
        if self._some_carried[t]:
            real = self.mask[t]
            back, da = (torch.where(real[:, None, None], moved, kept) for moved, kept in ((back, v), (da, 0.0)))
            ln_f, ln_weights = (torch.where(real, ln, 0.0) for ln in (ln_f, ln_weights))
        return Pulled(back, da, ln_f, ln_weights)

    def push(self, t: int, u: Tensor) -> tuple[Tensor, Tensor]:
        """Computes J_t u: small changes of h_{t-1}, carried forward to h_t.

        u: (B, H, K), K directions for each sample, as columns.
        Returns (moved (B, H, K), ln (B,)): J_t u is exp(ln) moved.
        """
        slope, factor = self._scaled_slope
        moved = slope[t].unsqueeze(2) * (self.W_h @ u)
        if not self._some_carried[t]:
            return moved, factor[t]
        real = self.mask[t]
        return torch.where(real[:, None, None], moved, u), torch.where(real, factor[t], 0.0)

    def jacobian(self, t: int | None = None) -> Tensor:
        """Returns J_t (B, H, H), or those of all steps (T, B, H, H) for None; the identity at carried steps."""
        at = slice(None) if t is None else t
        J = self._signed(self.ln_slope[at].exp(), self.a[at]).unsqueeze(-1) * self.W_h
        return torch.where(self.mask[at][..., None, None], J, torch.eye(len(self.W_h), dtype=J.dtype, device=J.device))

    @cached_property
    def ln_det(self) -> Tensor:
        """ln |det J_t|, (T, B); -inf if the smallest |f'| underflows beside the largest."""
        slope, factor = self._scaled_slope
        ln = slope.abs().log().sum(2) + torch.linalg.slogdet(self.W_h)[1] + slope.shape[2] * factor
        return torch.where(self.mask, ln, 0.0)

    def rank(self, t: int) -> Tensor:
        """Returns an upper bound (B,) of the rank of J_t, from the rank of W_h and the number of units that are on."""
        on = torch.isfinite(self.ln_slope[t]).sum(1)
        return torch.where(self.mask[t], on.clamp_max(int(rank(self.W_h))), len(self.W_h))

    @cached_property
    def constant(self) -> bool:
        """Whether J_t is the same at every step of every sample."""
        slopes = self.ln_slope[self.mask]
        return bool((slopes == slopes[:1]).all())

    @property
    def previous(self) -> Tensor:
        """States h_{t-1}, (T, B, H), the initial state first."""
        return torch.cat([self.h0.unsqueeze(0), self.h[:-1]])

    @property
    def input_term(self) -> Tensor:
        """W_x x_t + b, (T, B, H): the part of a_t that does not come from h_{t-1}."""
        return self.a - F.linear(self.previous, self.W_h)

    def of(self, samples: slice | Tensor) -> "Trajectory":
        """Returns the trajectory of the given samples alone."""
        return self._cut(self.h0[samples], (slice(None), samples))

    def between(self, first: int, last: int) -> "Trajectory":
        """Returns the trajectory of the steps first ... last - 1 alone."""
        return self._cut(self.previous[first], (slice(first, last),))

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
    def _short(self) -> float:
        return NEARLY * float(torch.linalg.matrix_norm(self.W_h))

    def _through_weights(self, da: Tensor) -> Tensor:
        """Computes W_h^T da for da (..., B, K, H); exactly 0 if only rounding is left of the sums."""
        moved, H = da @ self.W_h, len(self.W_h)
        small = torch.linalg.matrix_norm(moved) < self._short * (da != 0).any(-1).any(-1)
        if not small.any():
            return moved
        most = torch.linalg.matrix_norm(da[small].abs() @ self.W_h.abs())
        lost = torch.linalg.matrix_norm(moved[small]) <= H * torch.finfo(moved.dtype).eps * most
        moved[small] = torch.where(lost[:, None, None], 0.0, moved[small])
        return moved

    def _cut(self, h0: Tensor, where: tuple[slice | Tensor, ...]) -> "Trajectory":
        by_step = {name: getattr(self, name)[where] for name in ("a", "h", "ln_slope", "mask")}
        return Trajectory(self.f, self.W_h, h0, **by_step, diverged_at=self.diverged_at)


@torch.no_grad()
def trajectory(rnn: RNN, x: Tensor, h0: Tensor | None = None, mask: Tensor | None = None) -> Trajectory:
    """Runs a layer of any precision in float64 and returns its states and Jacobians.

    x: (T, B, E), inputs; or tokens int64 (T, B).
    h0: (B, H) or (H,), the initial state; None = 0.
    mask: bool (T, B), True = real; None = all are.
    Raises ValueError if shapes do not fit or an input is nan or inf.
    """
    wrong = first_not_finite(x if mask is None or mask.shape != x.shape[:2] else blanked(x, mask))
    if wrong is not None:
        raise ValueError(f"x is {wrong}: inputs must be finite numbers")
    if h0 is not None and (wrong := first_not_finite(h0.reshape(-1, h0.shape[-1]), by_step=False)) is not None:
        raise ValueError(f"h0 is {wrong}: the initial state must be finite numbers")
    return states_along(rnn, x, h0, mask)


@torch.no_grad()
def states_along(rnn: RNN, x: Tensor, h0: Tensor | None = None, mask: Tensor | None = None) -> Trajectory:
    """Runs a layer on inputs that may overflow, because the network's own embedding computes them.

    Arguments are those of `trajectory`. Inputs that are not finite count as divergence of the network, not as an error.
    """
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
