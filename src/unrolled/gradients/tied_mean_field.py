"""Mean field theory of LSTMs and GRUs at initialisation, whose recurrent weights are the same at every step.

Gilboa et al. 2019 (LSTM, GRU) and Chen, Pennington & Schoenholz 2018 (minimalRNN) take the weights as drawn anew at
each step. For the gradient of a gated network that is wrong at first order: at its zero fixed point an LSTM has the
radius f + i o sigma_w, where fresh weights give sqrt(f^2 + (i o sigma_w)^2). Can, Krishnamurthy & Schwab 2020 and
Krishnamurthy, Can & Schwab 2022 keep the weights: they treat the spectrum of the Jacobian by random-matrix theory, and
the largest exponent in continuous time. The slope of a driven network in discrete time was derived for this package
(`hops`). We looked for a publication of it and found none; of these papers we have read the abstracts alone.

Setting: many units; W_h Gaussian of variance sigma_w^2 / H in each block; W_x x_t white in time, of variance sigma_x^2;
all biases 0 but that of the gate which keeps the state. Each pre-activation is then normal. At a unit they are taken as
independent of one another and from step to step.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import expit, ndtri

from .hops import Moments, mean_of, moments, tied_slope, untied_slope
from .persistence import persistence

SAMPLES = 10_000  # units of the population
COUNTED = 60  # steps whose moments count, once the population has settled
LONGEST = 5.0  # bias: a gate that keeps the state for 150 steps
PERSISTENT = 2.0  # steps: the theory is not valid beyond

# Of staying, of hopping by the matrix whose mean weight is not 0, and by each other one. Rows are the states before the
# step, columns those after it, and entries samples (n,).
Weights = list[tuple[list[np.ndarray], ...]]


@dataclass(frozen=True)
class TiedMeanField:
    """Slope of dL/dh_t, and dL/dc_t, of a wide network at initialisation.

    slope: nats per lag, for weights that all steps share.
    untied: nats per lag, for weights drawn independently at each step: not what a recurrent network has.
    persistence: autocorrelation time of the pre-activations of the gates, steps; 1 = independent from step to step.
    valid: whether the persistence is below 2. The slope is not to be trusted otherwise.
    """

    slope: float
    untied: float
    persistence: float
    valid: bool


@lru_cache(maxsize=256)
def tied_mean_field(kind: str, sigma_w: float, sigma_x: float, forget_bias: float = 0.0) -> TiedMeanField:
    """Computes the slope that theory expects of a network at initialisation; the same numbers at each call.

    kind: "lstm" or "gru".
    sigma_w: sqrt(H) times the standard deviation of the entries of W_h, above 0.
    sigma_x: standard deviation of the entries of W_x x_t, at least 0.
    forget_bias: of the gate that keeps the state: f of an LSTM, z of a GRU; -5 to 5.
    Raises ValueError for an unknown kind and for values outside these ranges.
    """
    if kind not in _POPULATIONS:
        raise ValueError(f"unknown kind {kind!r}; allowed: {', '.join(_POPULATIONS)}")
    if not (0 < sigma_w < math.inf and 0 <= sigma_x < math.inf):
        raise ValueError(f"sigma_w={sigma_w}, sigma_x={sigma_x}: allowed are sigma_w > 0 and sigma_x >= 0, finite")
    if not abs(forget_bias) <= LONGEST:
        raise ValueError(f"forget_bias={forget_bias}: allowed are {-LONGEST:g} to {LONGEST:g}")
    steps = _POPULATIONS[kind](sigma_w, sigma_x, forget_bias)
    for _ in range(_settling(forget_bias)):
        next(steps)
    found = mean_of([_moments(next(steps)) for _ in range(COUNTED)])
    lasting = persistence(kind, sigma_w, sigma_x, forget_bias)
    return TiedMeanField(tied_slope(found), untied_slope(found), lasting, lasting < PERSISTENT)


def _settling(forget_bias: float) -> int:
    """Returns after how many steps the population counts: three times what the gate keeps a state for, at least 100."""
    return max(100, math.ceil(3 / expit(-forget_bias)))


def _lstm(sigma_w: float, sigma_x: float, forget_bias: float) -> Iterator[Weights]:
    """Yields the weights of a gradient, whose states are h and c, at each step of a population of units."""
    normals = _normals()
    c = next(normals)[0]
    h, nothing = np.tanh(c), np.zeros(SAMPLES)
    for e in normals:
        a = math.sqrt(sigma_w**2 * (h * h).mean() + sigma_x**2) * e
        i, f, g, o = expit(a[0]), expit(a[1] + forget_bias), np.tanh(a[2]), expit(a[3])
        before, c = c, f * c + i * g
        tau = np.tanh(c)
        h, kappa = o * tau, o * (1 - tau * tau)
        through_c = [i * (1 - g * g), g * i * (1 - i), before * f * (1 - f)]
        by_c = [([sigma_w * kappa * each, sigma_w * each], [nothing, nothing]) for each in through_c]
        by_o = ([sigma_w * tau * o * (1 - o), nothing], [nothing, nothing])
        yield [([nothing, nothing], [kappa * f, f]), *by_c, by_o]


def _gru(sigma_w: float, sigma_x: float, forget_bias: float) -> Iterator[Weights]:
    """Yields the weights of a gradient, whose state is h, at each step of a population of units."""
    normals = _normals()
    h = next(normals)[0]
    for e in normals:
        by_h = sigma_w * math.sqrt((h * h).mean())
        gates = math.hypot(by_h, sigma_x)
        r, z, q = expit(gates * e[0]), expit(gates * e[1] + forget_bias), by_h * e[2]
        n = np.tanh(sigma_x * e[3] + r * q)
        before, h = h, (1 - z) * n + z * h
        new = sigma_w * (1 - z) * (1 - n * n)
        yield [([z],), ([new * r],), ([sigma_w * (before - n) * z * (1 - z)],), ([new * q * r * (1 - r)],)]


def _normals() -> Iterator[np.ndarray]:
    """Yields normal samples (4, n), each row the same quantiles in another order (McKay, Beckman & Conover 1979)."""
    draw = np.random.default_rng(0)
    quantiles = np.tile(ndtri((np.arange(SAMPLES) + 0.5) / SAMPLES), (4, 1))
    while True:
        yield draw.permuted(quantiles, axis=1)


def _moments(weights: Weights) -> Moments:
    stay, hop, *others = (np.moveaxis(np.array(rows), 2, 0) for rows in weights)
    return moments(stay, hop, others)


_POPULATIONS: dict[str, Callable[[float, float, float], Iterator[Weights]]] = {"lstm": _lstm, "gru": _gru}
