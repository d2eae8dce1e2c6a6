"""What theory says of a recurrent layer before any gradient is carried: bounds, eigenvalues, and mean field.

Mean field (Poole et al. 2016, eqs. 3 to 5; Chen, Pennington & Schoenholz 2018 for recurrent networks): with many units
and W_h, b Gaussian of variances sigma_w^2 / H and sigma_b^2, every a_t is normal with variance q, and one step back in
time multiplies the squared length of a gradient by chi = sigma_w^2 E[f'(sqrt(q) z)^2] on average. chi = 1 is the
critical line between vanishing and exploding.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import root_scalar
from torch import Tensor

from unrolled.rnn import Activation
from unrolled.rnn.activations import activation as activation_of

from .trajectory import Trajectory

FURTHEST = 12.0  # standard deviations: the density beyond is below 1e-31
LARGEST = 1e12  # a variance beyond this is taken for infinite
SMALLEST = 1e-14  # a variance below this is taken for 0
GAUSS_LEGENDRE = np.polynomial.legendre.leggauss(16)  # to find these takes longer than to use them


class MeanField(NamedTuple):
    """q: variance of the pre-activation at the fixed point; chi: mean squared growth of a gradient per step."""

    q: float
    chi: float


@lru_cache(maxsize=1024)
def mean_field(activation: str, sigma_w2: float, sigma_b2: float) -> MeanField:
    """Fixed point q = sigma_w2 E[f(sqrt(q) z)^2] + sigma_b2 that is reached from q = 1, and chi there.

    sigma_w2: H times the variance of the entries of W_h. sigma_b2: variance of all that is added to W_h h: bias, and
    input. Where q grows without end it is inf, and chi that of large arguments.
    Raises ValueError for an unknown activation and for variances below 0.
    """
    f = activation_of(activation)
    if sigma_w2 < 0 or sigma_b2 < 0:
        raise ValueError(f"sigma_w2={sigma_w2}, sigma_b2={sigma_b2}: variances are at least 0")
    q = _fixed_point(lambda q: sigma_w2 * _expected_square(f, q) + sigma_b2)
    return MeanField(q, sigma_w2 * _expected_slope_square(f, min(q, LARGEST)))


@lru_cache(maxsize=256)
def critical_gain(activation: str, sigma_b2: float = 0.0) -> float:
    """The smallest sigma_w at which chi reaches 1: on the critical line for this sigma_b^2, without input.

    Raises ValueError where there is none below 1,000.
    """

    def above(sigma_w: float) -> float:
        return mean_field(activation, sigma_w**2, sigma_b2).chi - 1

    grid = np.geomspace(0.5, 1000, 200)
    for low, high in pairwise(grid):
        if above(low) <= 0 < above(high):
            return float(root_scalar(above, bracket=(low, high), xtol=1e-12).root)
    raise ValueError(f"no critical gain of {activation} below 1000 at sigma_b2={sigma_b2}")


def _fixed_point(of) -> float:
    """The one that iterating q -> of(q) from 1 ends at, where `of` grows with q; by bisection, for it may be slow."""
    up, q = of(1.0) > 1, 1.0
    for _ in range(400):
        following = q * 1.2 if up else q / 1.2
        if following > LARGEST:
            return math.inf
        if following < SMALLEST:
            return float(of(0.0)) if of(0.0) < SMALLEST else 0.0
        if (of(following) > following) != up:
            bracket = sorted((q, following))
            return float(root_scalar(lambda q: of(q) - q, bracket=bracket, xtol=1e-300, rtol=1e-14).root)
        q = following
    return q


def _nodes(q: float) -> tuple[Tensor, Tensor]:
    """Points sqrt(q) z and weights of the standard normal: Gauss-Legendre between points where an f may bend.

    All activations bend at a = 0 or a = +-1; panels shrink towards 0 on the scale 1/sqrt(q) of what happens there.
    """
    scale = 1 / math.sqrt(q) if q > 0 else math.inf
    bends = [scale * 2.0**k for k in range(-4, 60) if scale * 2.0**k < FURTHEST]
    edges = np.array(sorted({0.0, *np.arange(0.5, FURTHEST + 0.1, 0.5), *bends}))
    x, w = GAUSS_LEGENDRE
    half = np.diff(edges)[:, None] / 2
    z = (edges[:-1, None] + half * (x + 1)).ravel()
    weight = (half * w).ravel() * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return torch.from_numpy(np.concatenate([-z, z]) * math.sqrt(q)), torch.from_numpy(np.concatenate([weight, weight]))


def _expected_square(f: Activation, q: float) -> float:
    a, weight = _nodes(q)
    return float(weight @ f.f(a).square())


def _expected_slope_square(f: Activation, q: float) -> float:
    a, weight = _nodes(q)
    return float(weight @ f.derivative_at(a).square())


@dataclass(frozen=True)
class Predictions:
    """Of the slope, nats per lag; each says something else.

    bound: ln(gamma sigma_max), which no slope exceeds (Pascanu et al. 2013). ln_rho: ln of the spectral radius of W_h.
    mean_field: 1/2 ln chi at the fixed point, from the second moments of W_h, b and W_x x alone. measured_chi: 1/2 ln
    of sigma_w^2 times the mean of f'^2 along the states that there were. departure: Henrici's departure of W_h from
    normality over its Frobenius norm, 0 (normal) to 1: what can grow for a while although rho < 1.
    """

    bound: float
    ln_rho: float
    mean_field: float
    measured_chi: float
    departure: float


@torch.no_grad()
def predictions(seen: Trajectory, activation: str) -> Predictions:
    """-inf where a prediction is that nothing is left at once; nan where states or weights are not finite."""
    W_h, f = seen.W_h, seen.f
    if not torch.isfinite(W_h).all():
        return Predictions(*[math.nan] * 5)
    moduli = torch.linalg.eigvals(W_h).abs()
    sigma_w2 = float(W_h.square().sum() / len(W_h))
    added = float(seen.driven[seen.mask].square().mean())
    slope2 = float((2 * seen.ln_slope[seen.mask]).exp().mean())
    chi = mean_field(activation, sigma_w2, added).chi if math.isfinite(added) else math.nan
    return Predictions(
        bound=_ln(f.gamma * float(torch.linalg.matrix_norm(W_h, 2))),
        ln_rho=_ln(float(moduli.max())),
        mean_field=0.5 * _ln(chi),
        measured_chi=0.5 * _ln(sigma_w2 * slope2),
        departure=departure_from_normality(W_h, moduli),
    )


def departure_from_normality(W_h: Tensor, moduli: Tensor) -> float:
    """Henrici 1962: sqrt(norm_F^2 - sum of |eigenvalues|^2) / norm_F; 0 for a normal (or zero) matrix."""
    square = float(W_h.square().sum())
    return math.sqrt(max(0.0, square - float(moduli.square().sum())) / square) if square else 0.0


def _ln(value: float) -> float:
    return math.log(value) if value > 0 else (math.nan if math.isnan(value) else -math.inf)
