"""The diagnosis of a network on given inputs: its regime, the evidence, the predictions of theory, and prose."""

import math
from dataclasses import dataclass
from functools import cached_property

import torch

from unrolled.digits import counted, factor

from .along import Trajectory
from .along_vanilla import AlongVanilla
from .lyapunov import Spectrum, spectrum
from .samples import Shares
from .shape import grows
from .slope import ByLag, Horizon
from .theory import Predictions, predictions


@dataclass(frozen=True)
class Diagnosis:
    """The regime of a network on given inputs, and the evidence for it.

    regime: one of `regime.REGIMES`.
    reason: the rule that decided, with its numbers.
    slope, slope_error, slope_half: nats per lag, positive = exploding; its standard error; half-width of its 95 %
    interval. None if too little is left to fit them.
    shares: samples whose gradient changes tenfold up and down.
    horizon: the lag at which the gradient has changed by a factor of 100.
    zeros: share of samples whose gradient is exactly 0 at some step.
    flat, dead: share of (t, sample, unit) with |f'| < gamma/10, and with f' = 0.
    first, second: what each of `Trajectory.parts` contributes to the slope, which is their sum; None without a slope,
    and where nothing passes by the first.
    lags: the mean of ln norm by lag.
    diverged_at: time step of the first state that is not finite, or None.
    trajectory: the states that were diagnosed.
    activation: its name; None for a cell without a free one.
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
    first: float | None
    second: float | None
    lags: ByLag
    diverged_at: int | None
    trajectory: Trajectory
    activation: str | None

    @property
    def by_f(self) -> float | None:
        """What f' contributes to the slope of a vanilla layer; None for others."""
        return self.first if self.vanilla else None

    @property
    def by_weights(self) -> float | None:
        """What W_h contributes to the slope of a vanilla layer; None for others."""
        return self.second if self.vanilla else None

    @property
    def by_cell_path(self) -> float | None:
        """What the cell path contributes to the slope of a leaky or gated layer; None for a vanilla one."""
        return None if self.vanilla else self.first

    @property
    def by_hidden_path(self) -> float | None:
        """What the hidden path contributes to the slope of a leaky or gated layer; None for a vanilla one."""
        return None if self.vanilla else self.second

    @property
    def vanilla(self) -> bool:
        """Whether the layer is vanilla."""
        return isinstance(self.trajectory, AlongVanilla)

    @property
    def longest_lag(self) -> int | None:
        """The last lag with enough samples to be drawn, or None."""
        enough = (self.lags.enough & torch.isfinite(self.lags.mean)).nonzero()
        return int(enough.max()) if len(enough) else None

    @property
    def extrapolated_horizon(self) -> float | None:
        """Lags over which the slope alone makes a factor of 100: ln 100 / |slope|."""
        return math.log(100) / abs(self.slope) if self.slope else None

    @property
    def log10_first_to_last(self) -> float | None:
        """log10 of the norm at the longest lag relative to lag 0; None if there is no such lag."""
        lag = self.longest_lag
        return None if lag is None else float(self.lags.mean[lag]) / math.log(10)

    @property
    def explanation(self) -> str:
        """Two sentences for readers who do not know the rules: sizes as factors, not in nats."""
        return f"{_description(self)} {_cause(self)}"

    @cached_property
    def predictions(self) -> Predictions:
        """Predictions of the slope by theory."""
        return predictions(self.trajectory, self.activation)

    @cached_property
    def exponent(self) -> Spectrum | None:
        """The first Lyapunov exponent along the inputs; None if there are too few steps for one."""
        try:
            return spectrum(self.trajectory, k=1) if self.diverged_at is None else None
        except ValueError:
            return None

    @property
    def rounding_growth(self) -> float | None:
        """Growth of an error of the state over the sequence, relative to the state: exponent x T, in nats.

        None if errors do not outgrow the state (the first exponent is not above 0, the state grows too, or J_t is
        constant), or if there are too few steps for an exponent.
        """
        first = self.exponent
        rate = float(first.exponents[0]) if first else math.nan
        steps = int(self.trajectory.mask.sum(0).median())
        if self.trajectory.constant or not rate > 0 or grows(self.trajectory, rate, steps):
            return None
        return rate * steps


def _description(diagnosis: Diagnosis) -> str:  # noqa: PLR0911
    if diagnosis.diverged_at is not None:
        return f"The state itself overflows at time step {diagnosis.diverged_at}, so there is no gradient to follow."
    if diagnosis.regime in ("mixed", "cut"):
        return f"{diagnosis.reason[0].upper()}{diagnosis.reason[1:]}."
    if diagnosis.slope is None or diagnosis.zeros > 0.5:
        return f"There is too little gradient to follow: {diagnosis.reason}."
    lag = diagnosis.horizon.lag
    step = f"Each step back in time multiplies the gradient by {factor(diagnosis.slope)} on average"
    if diagnosis.regime == "transient":
        return f"{step}, but not evenly: {diagnosis.reason}."
    if diagnosis.regime == "undecided":
        return f"{step}, and that is not certain enough to give it a name: {diagnosis.reason}."
    if diagnosis.regime == "stable":
        return f"{step}: {_arrival(diagnosis)}."
    if lag is None:
        return f"{step}; within the steps that there are it does not change a hundredfold."
    down = diagnosis.horizon.direction == "down"
    changed = "at most a hundredth of it is left" if down else "it is at least a hundred times as large"
    bounded = ", although the states stay within bounds: a small change of one grows like that too (chaos)"
    return f"{step}: after {counted(lag, 'steps')} {changed}{bounded if diagnosis.regime == 'chaotic' else ''}."


def _arrival(diagnosis: Diagnosis) -> str:
    """Describes what is left at the longest lag, and at the first, which may have changed much."""
    last = diagnosis.longest_lag or 0
    left = math.exp(float(diagnosis.lags.mean[last]))
    if 0.1 < left < 10:
        return "it arrives about as large as it left"
    first = math.exp(float(diagnosis.lags.mean[1]))
    return f"{left:.2g} of its length arrives, after a factor of {first:.2g} at the first lag"


def _cause(diagnosis: Diagnosis) -> str:
    if diagnosis.diverged_at is not None:
        return "A smaller gain of W_h, or a bounded activation, would keep it finite."
    if diagnosis.regime in ("mixed", "cut"):
        return "A mean over all samples and steps describes that badly: look at the profile."
    if diagnosis.dead == 1:
        return "Every unit is off (f' = 0), so nothing passes through it."
    if diagnosis.first is None or diagnosis.second is None:
        if not diagnosis.vanilla:
            return f"{diagnosis.flat:.0%} {diagnosis.trajectory.flat_words}."
        flat = f"{diagnosis.flat:.0%} of the units sit where the activation is flat"
        return f"{flat}, {diagnosis.dead:.0%} where f' is exactly 0."
    return f"Along the way {_factors(diagnosis)}."


def _factors(diagnosis: Diagnosis) -> str:
    first, second = (factor(each or 0.0) for each in (diagnosis.first, diagnosis.second))
    some = diagnosis.flat >= 0.01
    if not diagnosis.vanilla:
        closed = f" ({diagnosis.flat:.0%} {diagnosis.trajectory.flat_words})" if some else ""
        alone = f"the cell path alone would multiply it by {first} a step{closed}"
        return f"{alone}, and the hidden path makes that {second} times as large"
    flat = f" ({diagnosis.flat:.0%} of the units sit where f is flat)" if some else ""
    return f"W_h alone would multiply it by {second} a step, the activation's slope by {first}{flat}"
