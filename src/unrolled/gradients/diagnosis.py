"""The diagnosis of a network on given inputs: its regime, the evidence, theory beside it, and two plain sentences."""

import math
from dataclasses import dataclass
from functools import cached_property

import torch

from .lyapunov import Spectrum, spectrum
from .samples import Shares
from .shape import grows
from .slope import ByLag, Horizon
from .theory import Predictions, predictions
from .trajectory import Trajectory


@dataclass(frozen=True)
class Diagnosis:
    """regime: one of `regime.REGIMES`; reason: the rule that decided, in words.

    slope, slope_error, slope_half: nats per lag, positive = exploding; its standard error; half of its 95 % interval
    (None: too little is left). shares: of the samples that change tenfold up and down.
    horizon: where the gradient has changed by a factor of 100. zeros: share of samples with a gradient of exactly 0.
    flat, dead: share of (t, sample, unit) with |f'| < gamma/10, and with f' = 0. by_f, by_weights: what f' and W_h add
    to the slope, over the same lags and samples: their sum is the slope (None: there is none). lags: the curve behind
    it. diverged_at: time step of the first state that is not finite.
    """

    regime: str
    reason: str
    slope: float | None
    slope_error: float | None
    slope_half: float | None
    shares: Shares
    horizon: Horizon
    zeros: float
    flat: float
    dead: float
    by_f: float | None
    by_weights: float | None
    lags: ByLag
    diverged_at: int | None
    seen: Trajectory
    activation: str

    @property
    def longest_lag(self) -> int | None:
        """The last lag with enough samples behind it to be drawn."""
        enough = (self.lags.enough & torch.isfinite(self.lags.mean)).nonzero()
        return int(enough.max()) if len(enough) else None

    @property
    def extrapolated_horizon(self) -> float | None:
        """ln 100 / |slope|, in lags."""
        return math.log(100) / abs(self.slope) if self.slope else None

    @property
    def log10_first_to_last(self) -> float | None:
        """log10 of the norm at the longest lag, relative to lag 0; None where there is no such lag."""
        lag = self.longest_lag
        return None if lag is None else float(self.lags.mean[lag]) / math.log(10)

    @property
    def explanation(self) -> str:
        """Two sentences in plain words."""
        return _sentences(self)

    @cached_property
    def predictions(self) -> Predictions:
        """What theory says of the slope."""
        return predictions(self.seen, self.activation)

    @cached_property
    def exponent(self) -> Spectrum | None:
        """The first Lyapunov exponent along the inputs; None where there are too few steps for one."""
        try:
            return spectrum(self.seen, k=1) if self.diverged_at is None else None
        except ValueError:
            return None

    @property
    def rounding_growth(self) -> float | None:
        """How far an error of the state grows over the sequence, relative to the state: exponent x T, nats.

        None where it does not grow so: the first exponent is not above 0, the state grows too, or J is the same at
        every step. Also where there are too few steps for an exponent.
        """
        found = self.exponent
        rate = float(found.exponents[0]) if found else math.nan
        steps = int(self.seen.mask.sum(0).median())
        if self.seen.constant or not rate > 0 or grows(self.seen, rate, steps):
            return None
        return rate * steps


def _sentences(found: Diagnosis) -> str:
    """For readers who have not seen the rules: sizes as factors, not in nats."""
    return f"{_what(found)} {_why(found)}"


def _what(found: Diagnosis) -> str:  # noqa: PLR0911
    if found.diverged_at is not None:
        return f"The state itself overflows at time step {found.diverged_at}, so there is no gradient to follow."
    if found.regime in ("mixed", "cut"):
        return f"{found.reason[0].upper()}{found.reason[1:]}."
    if found.slope is None or found.zeros > 0.5:
        return f"There is too little gradient to follow: {found.reason}."
    factor, lag = math.exp(found.slope), found.horizon.lag
    step = f"Each step back in time multiplies the gradient by {factor:.3g} on average"
    if found.regime == "transient":
        return f"{step}, but not evenly: {found.reason}."
    if found.regime == "undecided":
        return f"{step}, and that is not certain enough to give it a name: {found.reason}."
    if found.regime == "stable":
        return f"{step}: {_arrival(found)}."
    if lag is None:
        return f"{step}; within the steps that there are it does not change a hundredfold."
    changed = "a hundredth of it is left" if found.horizon.direction == "down" else "it is a hundred times as large"
    bounded = ", although the states stay within bounds: a small change of one grows like that too (chaos)"
    return f"{step}: after {lag} of them {changed}{bounded if found.regime == 'chaotic' else ''}."


def _arrival(found: Diagnosis) -> str:
    """What is left at the longest lag, where each step alone changes little: the first lag may have changed much."""
    last = found.longest_lag or 0
    left = math.exp(float(found.lags.mean[last]))
    if 0.1 < left < 10:
        return "it arrives about as large as it left"
    first = math.exp(float(found.lags.mean[1]))
    return f"{left:.2g} of its length arrives, after a factor of {first:.2g} at the first lag"


def _why(found: Diagnosis) -> str:
    if found.diverged_at is not None:
        return "A smaller gain of W_h, or a bounded activation, would keep it finite."
    if found.regime in ("mixed", "cut"):
        return "A mean over all samples and steps describes that badly: look at the profile."
    if found.dead == 1:
        return "Every unit is off (f' = 0), so nothing passes through it."
    if found.by_f is None or found.by_weights is None:
        return (
            f"{found.flat:.0%} of the units sit where the activation is flat, {found.dead:.0%} where f' is exactly 0."
        )
    return f"Along the way {_parts(found)}."


def _parts(found: Diagnosis) -> str:
    by_weights, by_f = (math.exp(each or 0.0) for each in (found.by_weights, found.by_f))
    flat = f" ({found.flat:.0%} of the units sit where f is flat)" if found.flat >= 0.01 else ""
    return f"W_h alone would multiply it by {by_weights:.3g} a step, the activation's slope by {by_f:.3g}{flat}"
