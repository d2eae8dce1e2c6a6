"""The gradient cone G[s, t] = norm of dL_s/dh_t, for a loss that has a term L_s at many time steps.

The gradient of the summed loss has a fresh term at every step, which hides that the older terms vanish. The cone keeps
the terms apart. All of it is computed in float64 and in log space.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from unrolled.rnn import Recurrent
from unrolled.rnn.recurrence import Initial

from .along import Trajectory
from .jacobian import require_finite
from .log_pass import LogPass, carry_back, exact_zero_rows
from .slope import LONG, ByLag, by_lag_of_increments
from .trajectory import trajectory

LossAt = Callable[[Tensor, int], Tensor]


def gradient_cone(
    layer: Recurrent, x: Tensor, loss: LossAt, h0: Initial = None, sources: Tensor | None = None
) -> Tensor:
    """Computes the norm of dL_s/dh_t for every pair of time steps.

    x: (T, B, E), inputs.
    loss: loss(h_s (B, H), s) -> the loss of step s, one for each sample or their sum.
    h0: (B, H), the initial state; None = 0.
    sources: (S,), the steps s to start from, for long T; None = all.
    Returns (T, T), float64: row s is the loss of step s, column t the state h_t; 0 for t > s, nan in rows that are not
    in `sources`. With B > 1 a norm is the geometric mean over samples, which is 0 if one of them is.
    Raises ValueError if shapes do not fit or a state is not finite.
    """
    return log_gradient_cone(layer, x, loss, h0, sources).exp()


def log_gradient_cone(
    layer: Recurrent, x: Tensor, loss: LossAt, h0: Initial = None, sources: Tensor | None = None
) -> Tensor:
    """Computes ln of `gradient_cone`, also where the norm itself would underflow in float64.

    Arguments and errors are those of `gradient_cone`.
    Returns (T, T), float64: -inf where the gradient is exactly 0.
    """
    states = require_finite(trajectory(layer, x, h0))
    T = len(states.state)
    sources = torch.arange(T) if sources is None else sources.sort().values
    dtype = next(layer.parameters()).dtype
    dh = torch.stack([_own_gradient(loss, states.h[s].to(dtype), s) for s in sources.tolist()])
    dh = F.pad(dh, (0, states.state.shape[2] - states.hidden))
    rows = carry_back(states, sources, dh.unsqueeze(2)).ln_norm.mean(2)
    cone = rows.new_full((T, T), torch.nan)
    cone[sources] = torch.where(rows.isnan(), -torch.inf, rows)
    return cone


def _own_gradient(loss: LossAt, h_s: Tensor, s: int) -> Tensor:
    with torch.enable_grad():
        h_s = h_s.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(h_s, s).sum(), h_s, allow_unused=True)
    return (torch.zeros_like(h_s) if gradient is None else gradient).double()


def source_steps(target_mask: Tensor, most: int) -> Tensor:
    """Returns at most `most` time steps that have a loss, evenly spaced and ascending, (S,).

    target_mask: bool (T, B), True where a sample has a loss.
    """
    steps = target_mask.any(1).nonzero().flatten().cpu()
    if len(steps) <= most:
        return steps
    return steps[torch.linspace(0, len(steps) - 1, most).round().long()]


def cone_pass(trajectory: Trajectory, dh: Tensor, target_mask: Tensor, sources: Tensor) -> LogPass:
    """Carries the gradient of each source's own loss back to the first state.

    dh: (T, B, H), the gradient of each step's own loss in its own state.
    target_mask: bool (T, B), True where a sample has a loss; dh counts as 0 elsewhere.
    sources: (S,), ascending time steps.
    """
    chosen = torch.where(target_mask[sources].unsqueeze(2), dh[sources], 0.0)
    return carry_back(trajectory, sources, chosen.unsqueeze(2))


def cone_by_lag(backward_pass: LogPass, mask: Tensor) -> ByLag:
    """Computes the mean over sources s of ln G[s, s-k] - ln G[s, s], by lag k.

    mask: bool (T, B), True = real.
    A sample's mean over its own sources counts as one value. States with t < T/5 do not count.
    A source does not count if its own gradient is 0, or becomes exactly 0 further back: its remaining lags would
    describe the survivors alone.
    """
    began, zero = exact_zero_rows(backward_pass, mask)
    increments = _by_lag(backward_pass, mask, _moves(backward_pass, mask), zero)
    started = torch.isfinite(increments[:1]).any(1).any(0)
    return by_lag_of_increments(increments.nanmean(1), started, samples=int(began.any(0).sum()))


def cone_part(backward_pass: LogPass, mask: Tensor, part: Tensor) -> Tensor:
    """Computes the contribution of f' or of W_h to the increments of `cone_by_lag`, (T-1, B).

    part: (S, T, B), the contribution to each step back.
    """
    _, zero = exact_zero_rows(backward_pass, mask)
    chosen = torch.where(_moves(backward_pass, mask).isnan(), torch.nan, part)
    return _by_lag(backward_pass, mask, chosen, zero).nanmean(1)


def _moves(backward_pass: LogPass, mask: Tensor) -> Tensor:
    """Returns the change of ln norm from h_t to h_{t-1}, (S, T, B); nan if one of the two is missing."""
    known = torch.where(mask & torch.isfinite(backward_pass.ln_norm), backward_pass.ln_norm, torch.nan)
    return torch.cat([known.new_full((len(known), 1, known.shape[2]), torch.nan), known[:, :-1] - known[:, 1:]], 1)


def _by_lag(backward_pass: LogPass, mask: Tensor, values: Tensor, zero: Tensor) -> Tensor:
    """Reorders values (S, T, B) of the steps back by lag from each source, (T-1, S, B).

    Values are nan for t < T/5 and for sources in `zero`.
    """
    T = len(mask)
    first = T // 5 if T >= LONG else 0
    found = values.new_full((T - 1, *values.shape[::2]), torch.nan)
    for i, s in enumerate(backward_pass.sources.tolist()):
        kept = max(0, s - first)
        found[:kept, i] = torch.where(zero[i], torch.nan, values[i, 1 : s + 1].flip(0))[:kept]
    return found
