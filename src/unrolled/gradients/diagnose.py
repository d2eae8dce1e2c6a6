"""Follows the gradient of a network back through time, and judges what it finds."""

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from unrolled.rnn import RNN

from .cone import cone_by_lag, cone_part, cone_pass, spread
from .cuts import Cut, exact_zeros, few_steps
from .diagnosis import Diagnosis
from .log_pass import LogPass, exact_zero_rows, log_pass, orthonormal
from .regime import FLAT, Evidence, decide
from .samples import shares
from .slope import ByLag, by_lag, horizon, part_of_slope, slope
from .trajectory import Trajectory, trajectory

DIRECTIONS = 8
SOURCES = 32  # time steps whose loss is followed in a cone


@torch.no_grad()
def diagnose(  # noqa: PLR0917
    rnn: RNN,
    x: Tensor,
    h0: Tensor | None = None,
    mask: Tensor | None = None,
    dh_T: Tensor | None = None,
    seed: int = 0,
) -> Diagnosis:
    """The regime of the layer on x (T, B, E) from h0 (B, H), for a loss on the last state; float64.

    mask: bool (T, B), True = real. dh_T: the loss's own gradient (B, H) in the last state; None: min(H, 8) random
    orthonormal directions for each sample (drawn from `seed`), whose RMS is followed.
    Raises ValueError for shapes that do not fit.
    """
    seen = trajectory(rnn, x, h0, mask)
    _, B, H = seen.h.shape
    directions = orthonormal(B, H, DIRECTIONS, seed).to(seen.h) if dh_T is None else dh_T
    return of_last_loss(rnn, seen, directions)


@torch.no_grad()
def of_last_loss(rnn: RNN, seen: Trajectory, dh_T: Tensor) -> Diagnosis:
    """The loss reads the last state alone. dh_T (B, H) or (B, K, H)."""
    passed = log_pass(seen, dh_T)
    ln_norm = passed.ln_norm[0]
    started, zero = exact_zero_rows(passed, seen.mask)
    chosen = (started & ~zero)[0]
    lags = by_lag(ln_norm[:, chosen], seen.mask[:, chosen])
    everyone = by_lag(ln_norm, seen.mask)  # how far the inputs reach does not depend on the gradient
    lags = replace(lags, reach=everyone.reach, early=everyone.early, samples=int(started.sum()))
    parts = [each[0][:, chosen].flip(0)[:-1] for each in (passed.by_f, passed.by_weights)]
    return _judged(rnn, seen, passed, lags, parts)


@torch.no_grad()
def of_every_loss(rnn: RNN, seen: Trajectory, dh: Tensor, counted: Tensor, most: int = SOURCES) -> Diagnosis:
    """The loss reads the state at every step where counted bool (T, B); dh (T, B, H): each step's own gradient there.

    At most `most` steps are followed back, evenly spread (the gradient cone).
    """
    passed = cone_pass(seen, dh, counted, spread(counted, most))
    parts = [cone_part(passed, seen.mask, each) for each in (passed.by_f, passed.by_weights)]
    return _judged(rnn, seen, passed, cone_by_lag(passed, seen.mask), parts)


def _judged(rnn: RNN, seen: Trajectory, passed: LogPass, lags: ByLag, parts: Sequence[Tensor]) -> Diagnosis:
    """parts: what f' and W_h add to the increments of `lags`, by lag."""
    started, zero = exact_zero_rows(passed, seen.mask)
    alive = started & ~zero
    zeros = float(zero[started].double().mean()) if started.any() else 0.0
    ln_slope = seen.ln_slope[seen.mask]
    flat = float((ln_slope < math.log(rnn.f.gamma / FLAT)).double().mean())
    dead = float(torch.isneginf(ln_slope).double().mean())
    fit = slope(lags, seen.constant) if seen.diverged_at is None else None
    found = shares(lags, int(zero.all(0).sum()), seen.constant)
    none = Cut(0.0, "")
    cut = exact_zeros(seen, passed, zero) if zeros > 0.5 and seen.diverged_at is None else none
    few = few_steps(passed, alive) if seen.diverged_at is None else none
    regime, reason = decide(Evidence(seen, lags, fit, zeros, cut, few, found, flat, seen.constant))
    by_f, by_weights = (part_of_slope(lags, each) if fit else None for each in parts)
    return Diagnosis(
        regime=regime,
        reason=reason,
        slope=fit.value if fit else None,
        slope_error=fit.error if fit else None,
        slope_half=fit.half if fit and fit.honest else None,
        shares=found,
        horizon=horizon(lags),
        zeros=zeros,
        flat=flat,
        dead=dead,
        by_f=by_f,
        by_weights=by_weights,
        lags=lags,
        diverged_at=seen.diverged_at,
        seen=seen,
        activation=rnn.activation,
    )
