"""Moments E[f(sqrt(q) z)^2] and E[f'(sqrt(q) z)^2] over a standard normal z, for mean field theory."""

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from unrolled.rnn.activations import activation as activation_of

FURTHEST = 12.0  # standard deviations: the density beyond is below 1e-31
LARGEST = 1e9  # a larger variance counts as infinite if f is not bounded
SMALLEST = 1e-14  # a smaller variance counts as 0
LIMIT = 1e-30  # stands for the limit q -> 0: at exactly 0 a kink of f has no slope
RATIO = 1.05  # ratio of neighbours in the table
GAUSS_LEGENDRE = np.polynomial.legendre.leggauss(16)  # computed once: finding them takes longer than using them


def square(activation: str, q: float) -> float:
    """Computes E[f(sqrt(q) z)^2] for q >= 0 and finite."""
    a, weight = _nodes(q)
    return float(weight @ activation_of(activation).f(a).square())


def squared_slope(activation: str, q: float) -> float:
    """Computes E[f'(sqrt(q) z)^2]; at q = 0 its limit."""
    a, weight = _nodes(max(q, LIMIT))
    return float(weight @ activation_of(activation).derivative_at(a).square())


@lru_cache
def square_table(activation: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns a grid of q from `SMALLEST` to `LARGEST`, in steps of at most 5 %, and E[f(sqrt(q) z)^2] on it."""
    steps = math.ceil(math.log(LARGEST / SMALLEST) / math.log(RATIO))
    grid = np.geomspace(SMALLEST, LARGEST, steps + 1)
    points, weights = zip(*map(_nodes, grid), strict=True)
    squares = activation_of(activation).f(torch.cat(points)).square()  # one call: many small ones cost far more
    parts = squares.split([len(part) for part in points])
    return grid, np.array([float(weight @ part) for weight, part in zip(weights, parts, strict=True)])


def _nodes(q: float) -> tuple[Tensor, Tensor]:
    """Returns points sqrt(q) z and weights of the standard normal: Gauss-Legendre on panels between bends of f.

    Activations bend at a = 0 or a = +-1; panels shrink towards 0 on the scale 1/sqrt(q) of what happens there.
    """
    scale = 1 / math.sqrt(q) if q > 0 else math.inf
    bends = [scale * 2.0**k for k in range(-4, 60) if scale * 2.0**k < FURTHEST]
    edges = np.array(sorted({0.0, *np.arange(0.5, FURTHEST + 0.1, 0.5), *bends}))
    x, w = GAUSS_LEGENDRE
    half = np.diff(edges)[:, None] / 2
    z = (edges[:-1, None] + half * (x + 1)).ravel()
    weight = (half * w).ravel() * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return torch.from_numpy(np.concatenate([-z, z]) * math.sqrt(q)), torch.from_numpy(np.concatenate([weight, weight]))
