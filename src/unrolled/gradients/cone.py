"""The gradient cone G[s, t] = norm of dL_s/dh_t: where a loss has a term L_s at many steps, what each sends back.

In the sum over s every step has a fresh gradient of its own, which hides that the older ones vanish; here they are
apart. All in float64 log space.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from unrolled.rnn import RNN

from .jacobian import finite
from .log_pass import LogPass, carry_back, exact_zero_rows
from .slope import LONG, ByLag, by_lag_of_increments
from .trajectory import Trajectory, trajectory

LossAt = Callable[[Tensor, int], Tensor]


def gradient_cone(rnn: RNN, x: Tensor, loss: LossAt, h0: Tensor | None = None, sources: Tensor | None = None) -> Tensor:
    """norm of dL_s/dh_t, (T, T), float64: row s is the loss of step s, column t the state; 0 for t > s.

    x (T, B, E). loss(h_s (B, H), s) -> the loss of step s: a number, or one for each sample; a number is taken as the
    sum over samples. With B > 1 the norms are exp of the mean over samples of their ln (0 where one is 0).
    sources: the steps s (S,) to start from, for long T; rows of others are nan.
    Raises ValueError for shapes that do not fit, and where the state is not finite.
    """
    return log_gradient_cone(rnn, x, loss, h0, sources).exp()


def log_gradient_cone(
    rnn: RNN, x: Tensor, loss: LossAt, h0: Tensor | None = None, sources: Tensor | None = None
) -> Tensor:
    """ln of the same, which goes on where the norm itself would be 0 in float64; -inf where it is exactly 0."""
    seen = finite(trajectory(rnn, x, h0))
    T = len(seen.h)
    sources = torch.arange(T) if sources is None else sources.sort().values
    dtype = next(rnn.parameters()).dtype
    dh = torch.stack([_own_gradient(loss, seen.h[s].to(dtype), s) for s in sources.tolist()])
    rows = carry_back(seen, sources, dh.unsqueeze(2)).ln_norm.mean(2)
    cone = rows.new_full((T, T), torch.nan)
    cone[sources] = torch.where(rows.isnan(), -torch.inf, rows)
    return cone


def _own_gradient(loss: LossAt, h_s: Tensor, s: int) -> Tensor:
    with torch.enable_grad():
        h_s = h_s.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(h_s, s).sum(), h_s, allow_unused=True)
    return (torch.zeros_like(h_s) if gradient is None else gradient).double()


def spread(counted: Tensor, most: int) -> Tensor:
    """At most `most` sources (S,), ascending, evenly spread over the steps of counted bool (T, B) that have a loss."""
    steps = counted.any(1).nonzero().flatten().cpu()
    if len(steps) <= most:
        return steps
    return steps[torch.linspace(0, len(steps) - 1, most).round().long()]


def cone_pass(seen: Trajectory, dh: Tensor, counted: Tensor, sources: Tensor) -> LogPass:
    """dh (T, B, H): the gradient of each step's own loss in its own state, used where counted bool (T, B)."""
    chosen = torch.where(counted[sources].unsqueeze(2), dh[sources], 0.0)
    return carry_back(seen, sources, chosen.unsqueeze(2))


def cone_by_lag(passed: LogPass, mask: Tensor) -> ByLag:
    """mean over s of ln G[s, s-k] - ln G[s, s] by lag k, without s where G[s, s] = 0 and without t < T/5.

    mask bool (T, B). A sample's own mean over its sources counts as one value. A source whose gradient is exactly 0
    further back is left out of all lags: what is left of it would speak of the survivors alone.
    """
    began, zero = exact_zero_rows(passed, mask)
    increments = _by_lag(passed, mask, _moves(passed, mask), zero)
    started = torch.isfinite(increments[:1]).any(1).any(0)
    return by_lag_of_increments(increments.nanmean(1), started, samples=int(began.any(0).sum()))


def cone_part(passed: LogPass, mask: Tensor, part: Tensor) -> Tensor:
    """What a part (S, T, B) of every step back adds to the increments of `cone_by_lag`, (T-1, B)."""
    _, zero = exact_zero_rows(passed, mask)
    chosen = torch.where(_moves(passed, mask).isnan(), torch.nan, part)
    return _by_lag(passed, mask, chosen, zero).nanmean(1)


def _moves(passed: LogPass, mask: Tensor) -> Tensor:
    """(S, T, B): what the step from h_t to h_{t-1} adds to ln norm; nan where one of the two is not there."""
    known = torch.where(mask & torch.isfinite(passed.ln_norm), passed.ln_norm, torch.nan)
    return torch.cat([known.new_full((len(known), 1, known.shape[2]), torch.nan), known[:, :-1] - known[:, 1:]], 1)


def _by_lag(passed: LogPass, mask: Tensor, values: Tensor, zero: Tensor) -> Tensor:
    """values (S, T, B) of the steps back -> (T-1, S, B) by lag from each source; nan for t < T/5, and where zero."""
    T = len(mask)
    first = T // 5 if T >= LONG else 0
    found = values.new_full((T - 1, *values.shape[::2]), torch.nan)
    for i, s in enumerate(passed.sources.tolist()):
        kept = max(0, s - first)
        found[:kept, i] = torch.where(zero[i], torch.nan, values[i, 1 : s + 1].flip(0))[:kept]
    return found
