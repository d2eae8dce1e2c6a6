"""Predictions of the slope from the weights: bounds, eigenvalues, and mean field theory."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .along import Trajectory
from .along_vanilla import AlongVanilla
from .mean_field import mean_field


@dataclass(frozen=True)
class Predictions:
    """Predictions of the slope, nats per lag.

    bound: ln(gamma sigma_max), an upper bound of every slope (Pascanu et al. 2013).
    ln_rho: ln of the spectral radius of W_h.
    mean_field: 1/2 ln chi at the fixed point that the initial state leads to, from the second moments of W_h, b, W_x x
    and h_0 alone.
    mean_field_other: 1/2 ln chi at the fixed point that other initial states lead to; nan if there is none.
    measured_chi: 1/2 ln of sigma_w^2 times the mean of f'^2 along the actual states.
    departure: not a slope: Henrici's departure of W_h from normality over its Frobenius norm, 0 (normal) to 1. If it is
    large, gradients can grow for a while although rho < 1.
    """

    bound: float
    ln_rho: float
    mean_field: float
    mean_field_other: float
    measured_chi: float
    departure: float


@torch.no_grad()
def predictions(trajectory: Trajectory, activation: str | None) -> Predictions:
    """Computes the predictions; -inf predicts a gradient of 0.

    nan means states or weights that are not finite, or that there is no such prediction: the formulas are those of a
    vanilla layer.
    """
    W_h = trajectory.W_h
    if not isinstance(trajectory, AlongVanilla) or activation is None or not torch.isfinite(W_h).all():
        return Predictions(*[math.nan] * 6)
    moduli, f = trajectory.eigenvalues.abs(), trajectory.f
    sigma_w2 = float(W_h.square().sum() / len(W_h))
    added = float(trajectory.input_term[trajectory.mask].square().mean())
    slope2 = float((2 * trajectory.ln_slope[trajectory.mask]).exp().mean())
    started = sigma_w2 * float(trajectory.start.square().mean()) + added
    chi, other = math.nan, math.nan
    if math.isfinite(started):
        found = mean_field(activation, sigma_w2, added, started)
        chi = found.chi
        other = found.others[-1].chi if found.others else math.nan
    return Predictions(
        bound=_ln(f.gamma * float(torch.linalg.matrix_norm(W_h, 2))),
        ln_rho=_ln(float(moduli.max())),
        mean_field=0.5 * _ln(chi),
        mean_field_other=0.5 * _ln(other),
        measured_chi=0.5 * _ln(sigma_w2 * slope2),
        departure=departure_from_normality(W_h, moduli),
    )


def departure_from_normality(W_h: Tensor, moduli: Tensor) -> float:
    """Computes sqrt(norm_F^2 - sum of |eigenvalues|^2) / norm_F (Henrici 1962); 0 for a normal or zero matrix.

    W_h: (H, H).
    moduli: (H,), absolute values of its eigenvalues.
    """
    square = float(W_h.square().sum())
    return math.sqrt(max(0.0, square - float(moduli.square().sum())) / square) if square else 0.0


def _ln(value: float) -> float:
    return math.log(value) if value > 0 else (math.nan if math.isnan(value) else -math.inf)
