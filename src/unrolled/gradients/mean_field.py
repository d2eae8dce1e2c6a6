"""Mean field: what a very wide random recurrent layer does to a gradient on average.

Mean field (Poole et al. 2016, eqs. 3 to 5; Chen, Pennington & Schoenholz 2018 for recurrent networks): with many units
and W_h, b Gaussian of variances sigma_w^2 / H and sigma_b^2, every a_t is normal with variance q, and one step back in
time multiplies the squared length of a gradient by chi = sigma_w^2 E[f'(sqrt(q) z)^2] on average. chi = 1 is the
critical line between vanishing and exploding.
"""

import math
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.optimize import root_scalar

from unrolled.rnn.activations import activation as activation_of

from .moments import LARGEST, SMALLEST, square, square_table, squared_slope

EQUAL = 1e-13  # relative: a map this close to q stays there, but for rounding
GAINS = np.geomspace(0.5, 1000, 200)  # between neighbours of these a critical gain is looked for
CRITICAL = 1e-4  # a chi this close to 1 on both sides of a gain is no jump


class MeanField(NamedTuple):
    """q: variance of the pre-activation at the fixed point; chi: mean squared growth of a gradient per step.

    others: the stable fixed points that other initial states lead to, by ascending q; mostly there are none.
    """

    q: float
    chi: float
    others: tuple["MeanField", ...] = ()


@lru_cache(maxsize=1024)
def mean_field(activation: str, sigma_w2: float, sigma_b2: float, q0: float | None = None) -> MeanField:
    """Fixed point q = sigma_w2 E[f(sqrt(q) z)^2] + sigma_b2 that is reached from q0, and chi there.

    sigma_w2: H times the variance of the entries of W_h. sigma_b2: variance of all that is added to W_h h: bias, and
    input. q0: variance of a_1, the first pre-activation; None: sigma_b2, that of a network which starts at h_0 = 0.
    Where q0 is 0 it is the limit from small q. Where q grows without end it is inf, and chi that of large arguments.
    Raises ValueError for an unknown activation and for variances below 0.
    """
    activation_of(activation)
    q0 = sigma_b2 if q0 is None else q0
    if not min(sigma_w2, sigma_b2, q0) >= 0:
        raise ValueError(f"sigma_w2={sigma_w2}, sigma_b2={sigma_b2}, q0={q0}: variances are at least 0")
    stable = _stable(activation, sigma_w2, sigma_b2)
    reached = _reached(activation, sigma_w2, sigma_b2, q0, stable)

    def at(q: float) -> MeanField:
        return MeanField(q, sigma_w2 * squared_slope(activation, min(q, LARGEST) if math.isinf(q) else q))

    others = tuple(at(q) for q in stable if not math.isclose(q, reached, rel_tol=1e-6))
    return at(reached)._replace(others=others)


@lru_cache(maxsize=256)
def critical_gain(activation: str, sigma_b2: float = 0.0) -> float:
    """The smallest sigma_w at which chi reaches 1: on the critical line for this sigma_b^2, without input.

    Raises ValueError where there is none below 1,000, and where chi jumps over 1 (gelu without a bias does).
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


def _stable(activation: str, sigma_w2: float, sigma_b2: float) -> list[float]:
    """The fixed points where the map comes from above q and goes below it, ascending; 0 and inf among them.

    The map grows with q for every f here, so that each orbit is monotone and ends at the next of these.
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
        found.append(_root(activation, sigma_w2, sigma_b2, 0.0, float(grid[0])))
    for i in np.flatnonzero((sign[:-1] > 0) & (sign[1:] < 0)):
        found.append(_root(activation, sigma_w2, sigma_b2, float(grid[i]), float(grid[i + 1])))
    if len(sign) and sign[-1] > 0:
        found.append(_beyond(activation, sigma_w2, sigma_b2))
    return found


def _root(activation: str, sigma_w2: float, sigma_b2: float, low: float, high: float) -> float:
    def excess(q: float) -> float:
        return _map(activation, sigma_w2, sigma_b2, q) - q

    return float(root_scalar(excess, bracket=(low, high), xtol=1e-300, rtol=1e-14).root)


def _beyond(activation: str, sigma_w2: float, sigma_b2: float) -> float:
    """The fixed point above all that is tabulated: inf, but for a bounded f, whose E[f^2] changes no more there."""
    if not activation_of(activation).bounded:
        return math.inf
    once = _map(activation, sigma_w2, sigma_b2, LARGEST)
    return _map(activation, sigma_w2, sigma_b2, once)


def _reached(activation: str, sigma_w2: float, sigma_b2: float, q0: float, stable: list[float]) -> float:
    start = q0 if q0 > 0 else SMALLEST
    after = _map(activation, sigma_w2, sigma_b2, start)
    if abs(after - start) <= EQUAL * start:
        return q0
    if after > start:
        return min((q for q in stable if q >= start), default=_beyond(activation, sigma_w2, sigma_b2))
    return max((q for q in stable if q <= start), default=0.0)
