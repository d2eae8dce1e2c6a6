"""How fast a gradient grows that either stays at its unit or hops by recurrent weights that every step shares.

One step back, a gradient at a unit stays there with a weight s, or hops to random units by W_m with a weight a_m. The
mean of its square follows two copies of it. Copies that hop along different units cancel on average. With fresh weights
at each step both must hop at the same times. With tied weights one may wait and follow later. d is the number of hops
by which the first copy is ahead:

    d = 0    both copies are at one unit, and joint moments count: E s^2, E a_m^2, E s a
    d != 0   they are at different units, and products of means count

A copy that is behind must follow by the same matrix, so only a matrix whose mean weight is not 0 changes d: W_hg of an
LSTM, W_hn of a GRU. The slope is half of ln of the largest eigenvalue Lambda of this operator on d. With one state, and
s and a independent,

    Lambda = s^2 + a^2 + sqrt(v^2 + 4 s^2 a^2)    s, a means, v = Var s + sum of E a_m^2 - a^2

v = 0 gives (s + a)^2, and s = 0 gives the sum of E a_m^2, which fresh weights give too.

Weights are taken as independent from step to step at each unit. Derived for this package; see `tied_mean_field`.
Shapes: n samples of a unit, k states of a cell (2 for an LSTM: h and c).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import eigs

FIRST, LAST = 8, 128  # hops ahead at which the operator is cut: doubled until the slope stands
SETTLED = 1e-7  # nats: a change of the slope this small ends the doubling


@dataclass(frozen=True)
class Moments:
    """Moments of the weights of a step, each a matrix from the states after the step to those before it.

    stay, hop: means of s, and of the weight a of the matrix whose mean is not 0, (k, k).
    together: E[s s] plus the sum over all matrices of E[a_m a_m], for both copies, (k^2, k^2).
    ahead, behind: E[a s] and E[s a]: the first copy hops, or the second one, (k^2, k^2).
    """

    stay: np.ndarray
    hop: np.ndarray
    together: np.ndarray
    ahead: np.ndarray
    behind: np.ndarray


def moments(stay: np.ndarray, hop: np.ndarray, others: Sequence[np.ndarray] = ()) -> Moments:
    """Computes the moments over samples.

    stay, hop: (n, k, k), s and a.
    others: (n, k, k) each, weights a_m of mean 0 of the other matrices.
    """
    together = _pair(stay, stay) + sum(_pair(each, each) for each in (hop, *others))
    return Moments(stay.mean(0), hop.mean(0), together, _pair(hop, stay), _pair(stay, hop))


def mean_of(several: Sequence[Moments]) -> Moments:
    """Returns the mean of moments of equally many samples."""
    names = ("stay", "hop", "together", "ahead", "behind")
    return Moments(*(np.mean([getattr(each, name) for each in several], axis=0) for name in names))


def tied_slope(of: Moments) -> float:
    """Computes the slope with tied weights, nats per lag.

    The operator is cut at D hops ahead. Cutting lowers Lambda. D is doubled until the slope changes by less than 1e-7,
    or D is 128. Lambda is never below (radius of s + a)^2, the top of the spectrum far from d = 0. Cutting costs most
    where Lambda is near it, and so the limit v = 0 is exact.
    """
    floor = float(np.abs(np.linalg.eigvals(of.stay + of.hop)).max()) ** 2
    hops, before, found = FIRST, -math.inf, _half_ln(max(floor, _largest(of, FIRST)))
    while found - before > SETTLED and hops < LAST:
        hops *= 2
        before, found = found, _half_ln(max(floor, _largest(of, hops)))
    return found


def untied_slope(of: Moments) -> float:
    """Computes the slope with weights that are drawn independently at each step, nats per lag: d = 0 alone."""
    return _half_ln(float(np.abs(np.linalg.eigvals(of.together)).max()))


def _largest(of: Moments, hops: int) -> float:
    """Computes the modulus of the largest eigenvalue of the operator, cut at a number of hops ahead."""
    s, a, side = of.stay, of.hop, 2 * hops + 1
    same, ahead, behind = np.kron(s, s) + np.kron(a, a), np.kron(a, s), np.kron(s, a)
    here = sparse.csr_array(([1.0], ([hops], [hops])), shape=(side, side))  # d = 0
    stays, rises = sparse.eye_array(side), sparse.eye_array(side, k=-1)  # from d to d, to d + 1
    parts = [
        (stays, same, of.together),
        (rises, ahead, of.ahead),
        (rises.T, behind, of.behind),
    ]
    size = side * len(same)
    blocks = (sparse.kron(to, apart) + sparse.kron(to @ here, joint - apart) for to, apart, joint in parts)
    operator = sum(blocks, start=sparse.csr_array((size, size)))
    found = eigs(operator, k=1, v0=np.ones(size), return_eigenvectors=False)
    return float(np.abs(found)[0])


def _pair(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Computes the mean over samples of the Kronecker products, (k^2, k^2)."""
    n, k = first.shape[:2]
    means = (first.reshape(n, k * k).T @ second.reshape(n, k * k) / n).reshape(k, k, k, k)
    return means.swapaxes(1, 2).reshape(k * k, k * k)


def _half_ln(square: float) -> float:
    return 0.5 * math.log(square)
