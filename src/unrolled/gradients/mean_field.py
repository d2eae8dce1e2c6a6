"""Mean field theory: how a very wide random recurrent layer changes a gradient on average.

With many units and W_h, b Gaussian of variances sigma_w^2 / H and sigma_b^2, every a_t is normal with a variance q. One
step back in time multiplies the squared length of a gradient by chi = sigma_w^2 E[f'(sqrt(q) z)^2] on average. chi = 1
is the critical line between vanishing and exploding (Poole et al. 2016, eqs. 3 to 5; Chen, Pennington & Schoenholz 2018
for recurrent networks).
"""

import math
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.optimize import root_scalar

from unrolled.rnn.activations import activation as activation_of

from .moments import LARGEST, SMALLEST, square, square_table, squared_slope

EQUAL = 1e-13  # relative: a map this close to q is a fixed point up to rounding
GAINS = np.geomspace(0.5, 1000, 200)  # a critical gain is sought between neighbours
CRITICAL = 1e-4  # chi this close to 1 on both sides of a gain is not a jump


class MeanField(NamedTuple):
    """A fixed point of the variance of the pre-activations.

    q: the variance.
    chi: mean factor by which a step changes the squared length of a gradient.
    others: the stable fixed points that other initial states lead to, by ascending q; usually none.
    """

    q: float
    chi: float
    others: tuple["MeanField", ...] = ()


@lru_cache(maxsize=1024)
def mean_field(activation: str, sigma_w2: float, sigma_b2: float, q0: float | None = None) -> MeanField:
    """Finds the fixed point q = sigma_w2 E[f(sqrt(q) z)^2] + sigma_b2 that q0 leads to, and chi there.

    sigma_w2: H times the variance of the entries of W_h.
    sigma_b2: variance of everything that is added to W_h h: bias and input.
    q0: variance of the first pre-activation a_1; None = sigma_b2, as if h_0 = 0. 0 stands for the limit q0 -> 0.
    Returns q = inf, and chi of large arguments, if q grows without end.
    Raises ValueError for an unknown activation and for variances below 0.
    """
    activation_of(activation)
    q0 = sigma_b2 if q0 is None else q0
    if not min(sigma_w2, sigma_b2, q0) >= 0:
        raise ValueError(f"sigma_w2={sigma_w2}, sigma_b2={sigma_b2}, q0={q0}: variances are at least 0")
    stable = _stable_fixed_points(activation, sigma_w2, sigma_b2)
    reached = _fixed_point_from(activation, sigma_w2, sigma_b2, q0, stable)

    def at(q: float) -> MeanField:
        return MeanField(q, sigma_w2 * squared_slope(activation, min(q, LARGEST) if math.isinf(q) else q))

    others = tuple(at(q) for q in stable if not math.isclose(q, reached, rel_tol=1e-6))
    return at(reached)._replace(others=others)


@lru_cache(maxsize=256)
def critical_gain(activation: str, sigma_b2: float = 0.0) -> float:
    """Finds the smallest sigma_w at which chi reaches 1, without input: the critical line at this sigma_b2.

    Raises ValueError if there is none below 1,000, or if chi jumps over 1 (as for gelu without a bias).
    """

    def above(sigma_w: float) -> float:
        return mean_field(activation, sigma_w**2, sigma_b2).chi - 1

    for low, high in pairwise(GAINS):
        if above(low) <= 0 < above(high):
            gain = float(root_scalar(above, bracket=(low, high), xtol=1e-13, rtol=1e-14).root)
            below, beyond = (1 + above(gain * side) for side in (1 - 1e-9, 1 + 1e-9))
            if max(abs(below - 1), abs(beyond - 1)) > CRITICAL:
                raise ValueError(
                    f"{activation} has no critical gain at sigma_b2={sigma_b2:g}: at sigma_w={gain:z.4f} chi jumps "
                    f"from {below:z.3f} to {beyond:z.3f}"
                )
            return gain
    raise ValueError(f"{activation} has no critical gain below 1000 at sigma_b2={sigma_b2:g}: chi does not cross 1")


def _map(activation: str, sigma_w2: float, sigma_b2: float, q: float) -> float:
    return sigma_w2 * square(activation, q) + sigma_b2


def _stable_fixed_points(activation: str, sigma_w2: float, sigma_b2: float) -> list[float]:
    """Returns the fixed points at which map(q) - q changes from above 0 to below, ascending; 0 and inf included.

    The map grows with q for every f here, so each orbit is monotone and ends at the next of these.
    """
    grid, squares = square_table(activation)
    excess = sigma_w2 * squares + sigma_b2 - grid
    sign = np.where(np.abs(excess) <= EQUAL * grid, 0, np.sign(excess))
    grid, sign = grid[sign != 0], sign[sign != 0]
    found = []
    silent = _map(activation, sigma_w2, sigma_b2, 0.0) == 0
    if silent and not (len(sign) and sign[0] > 0 and grid[0] == SMALLEST):
        found.append(0.0)
    if not silent and len(sign) and sign[0] < 0:
        found.append(_fixed_point_between(activation, sigma_w2, sigma_b2, 0.0, float(grid[0])))
    for i in np.flatnonzero((sign[:-1] > 0) & (sign[1:] < 0)):
        found.append(_fixed_point_between(activation, sigma_w2, sigma_b2, float(grid[i]), float(grid[i + 1])))
    if len(sign) and sign[-1] > 0:
        found.append(_largest_fixed_point(activation, sigma_w2, sigma_b2))
    return found


def _fixed_point_between(activation: str, sigma_w2: float, sigma_b2: float, low: float, high: float) -> float:
    def excess(q: float) -> float:
        return _map(activation, sigma_w2, sigma_b2, q) - q

    return float(root_scalar(excess, bracket=(low, high), xtol=1e-300, rtol=1e-14).root)


def _largest_fixed_point(activation: str, sigma_w2: float, sigma_b2: float) -> float:
    """Returns the fixed point above the table: inf, or for a bounded f, whose E[f^2] is constant there, finite."""
    if not activation_of(activation).bounded:
        return math.inf
    once = _map(activation, sigma_w2, sigma_b2, LARGEST)
    return _map(activation, sigma_w2, sigma_b2, once)


def _fixed_point_from(activation: str, sigma_w2: float, sigma_b2: float, q0: float, stable: list[float]) -> float:
    start = q0 if q0 > 0 else SMALLEST
    after = _map(activation, sigma_w2, sigma_b2, start)
    if abs(after - start) <= EQUAL * start:
        return q0
    if after > start:
        return min((q for q in stable if q >= start), default=_largest_fixed_point(activation, sigma_w2, sigma_b2))
    return max((q for q in stable if q <= start), default=0.0)
