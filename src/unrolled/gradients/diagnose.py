"""Carries the gradient of a network back through time and classifies it."""

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from unrolled.rnn import Recurrent
from unrolled.rnn.recurrence import Initial

from .along import Trajectory
from .cone import cone_by_lag, cone_part, cone_pass, source_steps
from .cuts import Cut, exact_zeros, few_steps
from .diagnosis import Diagnosis
from .log_pass import LogPass, exact_zero_rows, log_pass, orthonormal
from .regime import RegimeInputs, decide
from .samples import shares
from .slope import ByLag, by_lag, horizon, part_of_slope, slope
from .trajectory import trajectory

DIRECTIONS = 8
SOURCES = 32  # time steps whose loss is carried back in a cone


@torch.no_grad()
def diagnose(  # noqa: PLR0917
    layer: Recurrent,
    x: Tensor,
    h0: Initial = None,
    mask: Tensor | None = None,
    dh_T: Tensor | None = None,
    seed: int = 0,
) -> Diagnosis:
    """Classifies the gradient of a layer through time for a loss on the last state; float64.

    x: (T, B, E), inputs; or tokens int64 (T, B).
    h0: (B, H), the initial state, a pair of them for a layer with two; None = 0.
    mask: bool (T, B), True = real; None = all are.
    dh_T: (B, D), gradient of the loss in the last joint state: the S states of the layer side by side, D = S H; or
    (B, H), in h_T alone. None = the RMS over min(D, 8) random orthonormal directions for each sample.
    seed: seed of these directions.
    Raises ValueError if shapes do not fit or an input is not finite.
    """
    states = trajectory(layer, x, h0, mask)
    _, B, D = states.state.shape
    directions = orthonormal(B, D, DIRECTIONS, seed).to(states.state) if dh_T is None else dh_T
    return of_last_loss(layer, states, directions)


@torch.no_grad()
def of_last_loss(layer: Recurrent, trajectory: Trajectory, dh_T: Tensor) -> Diagnosis:
    """Diagnoses a loss that reads the last state alone.

    dh_T: (B, D) or (B, K, D), gradient of the loss in the last joint state, or K directions; of h_T alone with H for D.
    """
    backward_pass = log_pass(trajectory, whole(trajectory, dh_T))
    ln_norm = backward_pass.ln_norm[0]
    started, zero = exact_zero_rows(backward_pass, trajectory.mask)
    chosen = (started & ~zero)[0]
    lags = by_lag(ln_norm[:, chosen], trajectory.mask[:, chosen])
    everyone = by_lag(ln_norm, trajectory.mask)  # how far the inputs reach does not depend on the gradient
    lags = replace(lags, reach=everyone.reach, early=everyone.early, samples=int(started.sum()))
    parts = [each[0][:, chosen].flip(0)[:-1] for each in (backward_pass.first, backward_pass.second)]
    return _diagnosis(layer, trajectory, backward_pass, lags, parts)


@torch.no_grad()
def of_every_loss(
    layer: Recurrent, trajectory: Trajectory, dh: Tensor, target_mask: Tensor, most: int = SOURCES
) -> Diagnosis:
    """Diagnoses a loss that reads many states, by the gradient cone.

    dh: (T, B, H), gradient of each step's own loss in its own h_t.
    target_mask: bool (T, B), True where a sample has a loss.
    most: number of steps whose loss is carried back, evenly spaced.
    """
    backward_pass = cone_pass(trajectory, whole(trajectory, dh), target_mask, source_steps(target_mask, most))
    parts = [cone_part(backward_pass, trajectory.mask, each) for each in (backward_pass.first, backward_pass.second)]
    return _diagnosis(layer, trajectory, backward_pass, cone_by_lag(backward_pass, trajectory.mask), parts)


def _diagnosis(
    layer: Recurrent, trajectory: Trajectory, backward_pass: LogPass, lags: ByLag, parts: Sequence[Tensor]
) -> Diagnosis:
    """Assembles the diagnosis; parts: contributions of `Trajectory.parts` to the increments of `lags`, by lag."""
    started, zero = exact_zero_rows(backward_pass, trajectory.mask)
    alive = started & ~zero
    zeros = float(zero[started].double().mean()) if started.any() else 0.0
    flat = trajectory.flat
    fit = slope(lags, trajectory.constant) if trajectory.diverged_at is None else None
    sample_shares = shares(lags, int(zero.all(0).sum()), trajectory.constant)
    none = Cut(0.0, "")
    cut = exact_zeros(trajectory, backward_pass, zero) if zeros > 0.5 and trajectory.diverged_at is None else none
    few = few_steps(backward_pass, alive) if trajectory.diverged_at is None else none
    first, second = (_finite(part_of_slope(lags, each)) if fit else None for each in parts)
    regime, reason = decide(
        RegimeInputs(trajectory, lags, fit, zeros, cut, few, sample_shares, flat, first, trajectory.constant)
    )
    return Diagnosis(
        regime=regime,
        reason=reason,
        slope=fit.value if fit else None,
        slope_error=fit.error if fit else None,
        slope_half=fit.half if fit and fit.reliable else None,
        shares=sample_shares,
        horizon=horizon(lags),
        zeros=zeros,
        flat=flat,
        dead=trajectory.dead,
        first=first,
        second=second,
        lags=lags,
        diverged_at=trajectory.diverged_at,
        trajectory=trajectory,
        activation=getattr(layer, "activation", None),
    )


def whole(trajectory: Trajectory, dh: Tensor) -> Tensor:
    """Returns gradients (..., D) in the joint state from those in h (..., H), or unchanged if they have D numbers."""
    missing = trajectory.state.shape[2] - dh.shape[-1]
    return F.pad(dh, (0, missing)) if missing else dh


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
