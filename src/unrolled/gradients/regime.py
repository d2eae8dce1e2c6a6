"""The regime of a network on given inputs: which of the field's words its gradients deserve, and the evidence.

The rules are tried in order; the first that holds names the regime. Not yet told apart: transient, chaotic.
"""

import math
from dataclasses import dataclass

import torch

from unrolled.rnn import RNN

from .log_pass import LogPass
from .slope import ByLag, Horizon, Slope, by_lag, horizon, slope

REGIMES = ("vanishing", "exploding", "stable", "saturated", "dead", "diverged", "undecided")
SHORTEST = 8  # steps: below this no slope means anything
FLAT = 10  # a unit is flat where f' < gamma / 10


@dataclass(frozen=True)
class Diagnosis:
    """slope in nats per lag (None: too little left to tell). zeros: share of samples with a gradient of exactly 0.

    flat: share of (t, sample, unit) with f' < gamma/10. diverged_at: time step of the first state that is not finite.
    extrapolated_horizon: ln 100 / |slope|, in lags. reason: the rule that decided, in words.
    """

    regime: str
    reason: str
    slope: Slope | None
    horizon: Horizon
    zeros: float
    flat: float
    lags: ByLag
    diverged_at: int | None = None

    @property
    def longest_lag(self) -> int | None:
        """The last lag with enough samples behind it to be drawn."""
        enough = self.lags.enough.nonzero()
        return int(enough.max()) if len(enough) else None

    @property
    def extrapolated_horizon(self) -> float | None:
        return math.log(100) / abs(self.slope.mean) if self.slope and self.slope.mean else None


@torch.no_grad()
def diagnose(rnn: RNN, seen: LogPass) -> Diagnosis:
    """The diagnosis of the layer (in float64) from its log-space pass."""
    flat = float((seen.ln_slope[seen.mask] < math.log(rnn.f.gamma / FLAT)).double().mean())
    started = torch.isfinite(seen.ln_norm[-1])  # others are classified with certainty: dL/dh_T is 0
    zero = (seen.mask & torch.isneginf(seen.ln_norm)).any(0)[started]
    zeros = float(zero.double().mean()) if len(zero) else 0.0
    chosen = started.clone()
    chosen[started] = ~zero
    lags = by_lag(seen.ln_norm[:, chosen], seen.mask[:, chosen])
    everyone = by_lag(seen.ln_norm, seen.mask)  # how far the inputs reach does not depend on the gradient
    fit = slope(lags)
    regime, reason = _decide(rnn, seen, fit, zeros, flat, everyone.reach)
    return Diagnosis(regime, reason, fit, horizon(lags), zeros, flat, lags, seen.diverged_at)


def _decide(  # noqa: PLR0911, PLR0917  (the rules, in order)
    rnn: RNN, seen: LogPass, fit: Slope | None, zeros: float, flat: float, T: int
) -> tuple[str, str]:
    if seen.diverged_at is not None:
        return "diverged", f"the state is not finite from time step {seen.diverged_at} on"
    if zeros > 0.5:
        where = f"the gradient of {zeros:.0%} of the samples is exactly 0 at some step"
        return ("saturated" if rnn.f.bounded and flat >= 0.5 else "dead"), where
    if T < SHORTEST or fit is None:
        return "undecided", f"{T} steps are too few to fit a slope, {SHORTEST} are needed"
    band = min(0.05, math.log(10) / (T - 1))
    low, high = fit.mean - 2 * fit.error, fit.mean + 2 * fit.error
    interval = f"slope {fit.mean:+.3f} +- {2 * fit.error:.3f} nats per lag, band +-{band:.3f}"
    if low > band:
        if _bounded_state(seen, fit.mean, T) and not _constant_jacobian(seen):
            return "undecided", f"{interval}: it grows while the state stays bounded (chaotic?)"
        return "exploding", interval
    if high < -band:
        if rnn.f.bounded and flat >= 0.5 and _would_not_vanish(rnn, band):
            return "saturated", f"{interval}; {flat:.0%} of the units sit in the flat part of f"
        return "vanishing", interval
    if abs(fit.mean) + 2 * fit.error <= band:
        return "stable", interval
    return "undecided", f"{interval}: the interval crosses the band's edge"


def _would_not_vanish(rnn: RNN, band: float) -> bool:
    """Whether the gradient would keep its length if every unit sat where f' = gamma: ln(gamma rho) > -band."""
    radius = float(torch.linalg.eigvals(rnn.W_h).abs().max())
    return radius > 0 and math.log(rnn.f.gamma * radius) > -band


def _constant_jacobian(seen: LogPass) -> bool:
    values = seen.ln_slope[seen.mask]
    return bool((values == values[:1, :1]).all())


def _bounded_state(seen: LogPass, rate: float, T: int) -> bool:
    """Whether ln of the state's RMS, last quarter over third quarter, is below a quarter of what the slope would give.

    A quarter: a ReLU network's state grows with its gradient, sometimes slower; against the whole noise would decide.
    """
    weights = seen.mask.unsqueeze(2).double()[-T:]
    squares = (seen.h[-T:].square() * weights).sum((1, 2)) / weights.sum((1, 2)).clamp_min(1)
    quarter = (T + 1) // 4
    last, third = squares[-quarter:].sqrt().mean(), squares[-2 * quarter : -quarter].sqrt().mean()
    if third == 0:
        return False
    return math.log(float(last / third)) < rate * T / 4 / 4
