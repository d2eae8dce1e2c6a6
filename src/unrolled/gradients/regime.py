"""The regime of a network on given inputs: which of the field's words its gradients deserve.

The rules are tried in order; the first that holds names the regime, and says why.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from .lyapunov import spectrum
from .slope import ByLag, Slope
from .trajectory import Trajectory

REGIMES = (
    "vanishing", "exploding", "stable", "transient", "chaotic", "saturated", "dead", "diverged", "undecided",
)  # fmt: skip
SHORTEST = 8  # steps: below this no slope means anything
SHORTEST_CHAOS = 50  # steps: below this no Lyapunov exponent is told from a slope
LONG = 20  # steps: below this a hump may be noise
HUMP = math.log(3)
FLAT = 10  # a unit is flat where f' < gamma / 10
SETTLED = math.log(10)  # a curve that ends tenfold above its start has not come back

Verdict = tuple[str, str]


@dataclass(frozen=True)
class Evidence:
    """What the rules look at. slope: of the mean of logs, None: too little left. zeros: share of the samples whose
    gradient is exactly 0 at some step. flat: share of (t, sample, unit) with |f'| < gamma / 10."""

    seen: Trajectory
    lags: ByLag
    slope: Slope | None
    zeros: float
    flat: float

    @property
    def steps(self) -> int:
        """1 + the largest lag that half of the samples reach."""
        return self.lags.reach

    @property
    def band(self) -> float:
        """Nats per lag: a slope within it changes a gradient less than tenfold over all steps."""
        return min(0.05, math.log(10) / max(1, self.steps - 1))

    @property
    def ln_rho(self) -> float:
        """ln of gamma times the spectral radius of W_h: the growth per step if every unit sat where f' = gamma."""
        rho = float(torch.linalg.eigvals(self.seen.W_h).abs().max()) * self.seen.f.gamma
        return math.log(rho) if rho > 0 else -math.inf

    @property
    def constant(self) -> bool:
        """Whether J_t is the same at every step of every sample."""
        values = self.seen.ln_slope[self.seen.mask]
        return bool((values == values[:1]).all()) if len(values) else True

    @property
    def linear(self) -> bool:
        """Whether J_t is gamma W_h throughout, so that ln rho is the slope in the end."""
        return self.constant and bool((self.seen.ln_slope[self.seen.mask] == math.log(self.seen.f.gamma)).all())


def decide(found: Evidence) -> Verdict:
    """(regime, the rule that decided, in words)."""
    for rule in RULES:
        for verdict in rule(found):
            return verdict
    raise AssertionError("the last rule always holds")


def _diverged(found: Evidence) -> Iterator[Verdict]:
    if found.seen.diverged_at is not None:
        yield "diverged", f"the state is not finite from time step {found.seen.diverged_at} on"


def _nothing_left(found: Evidence) -> Iterator[Verdict]:
    if found.zeros > 0.5:
        where = f"the gradient of {found.zeros:.0%} of the samples is exactly 0 at some step"
        yield ("saturated" if found.seen.f.bounded and found.flat >= 0.5 else "dead"), where


def _too_short(found: Evidence) -> Iterator[Verdict]:
    if found.steps < SHORTEST or found.slope is None:
        yield "undecided", f"{found.steps} steps are too few to fit a slope, {SHORTEST} are needed"


def _transient(found: Evidence) -> Iterator[Verdict]:
    """It grows and then decays, or the reverse; in a linear network, it grows though rho < 1."""
    if found.steps < LONG and not found.constant:
        return
    settled = found.steps if found.constant else found.steps - found.lags.early
    m = found.lags.mean[:settled]
    m = m[torch.isfinite(m)]
    third = len(m) // 3
    tail = float((m[-1] - m[-1 - third]) / third) if third else 0.0
    hump, dip = float(m.max() - max(m[0], m[-1])), float(min(m[0], m[-1]) - m.min())
    grown = float(m.max() - m[0])
    if hump > HUMP and tail < -found.band / 2:
        yield (
            "transient",
            f"it grows until lag {int(m.argmax())} and then decays ({tail:+z.3f} nats per lag at the end)",
        )
    if dip > HUMP and tail > found.band / 2 and float(m[-1] - m[0]) < SETTLED:
        yield (
            "transient",
            f"it decays until lag {int(m.argmin())} and then grows ({tail:+z.3f} nats per lag at the end)",
        )
    if found.linear and grown > HUMP and found.ln_rho < 0:
        yield (
            "transient",
            f"it grows {math.exp(grown):z.0f}-fold, but ln rho = {found.ln_rho:+z.3f}: in the end it decays",
        )


def _growing(found: Evidence) -> Iterator[Verdict]:
    s, c, words = _interval(found)
    if s - c <= found.band:
        return
    if found.constant or not _bounded_state(found.seen, s, found.steps):
        yield "exploding", words
        return
    if found.steps < SHORTEST_CHAOS:
        yield "undecided", f"{words}: it grows while the state stays bounded, and {SHORTEST_CHAOS} steps tell chaos"
        return
    first = _first_exponent(found.seen)
    if first is not None and first[0] - 2 * first[1] > 0:
        beside = f"the first Lyapunov exponent is {first[0]:+z.3f} +- {2 * first[1]:z.3f}"
        yield "chaotic", f"{words}; the state stays bounded and {beside}"
    else:
        yield "undecided", f"{words}: it grows while the state stays bounded, and no exponent above 0 is certain"


def _shrinking(found: Evidence) -> Iterator[Verdict]:
    s, c, words = _interval(found)
    if s + c >= -found.band:
        return
    if found.seen.f.bounded and found.flat >= 0.5 and found.ln_rho > -found.band:
        yield "saturated", f"{words}; {found.flat:.0%} of the units sit in the flat part of f"
    else:
        yield "vanishing", words


def _neither(found: Evidence) -> Iterator[Verdict]:
    s, c, words = _interval(found)
    if abs(s) + c <= found.band:
        yield "stable", words
    else:
        yield "undecided", f"{words}: the interval crosses the band's edge"


RULES: tuple[Callable[[Evidence], Iterator[Verdict]], ...] = (
    _diverged, _nothing_left, _too_short, _transient, _growing, _shrinking, _neither,
)  # fmt: skip


def _interval(found: Evidence) -> tuple[float, float, str]:
    """Slope, half of its interval, and both in words. Where J is constant and linear ln rho is what it comes to."""
    assert found.slope is not None
    s, error = found.slope.mean, found.slope.error
    words = f"slope {s:+z.3f} +- {2 * error:z.3f} nats per lag, band +-{found.band:z.3f}"
    if found.linear and found.steps > 10 and abs(found.ln_rho - s) < max(4 * error, 0.05):
        return found.ln_rho, 0.0, f"{words}; f' is constant, and ln(gamma rho) is {found.ln_rho:+z.4f}"
    return s, 2 * error, words


def _first_exponent(seen: Trajectory) -> tuple[float, float] | None:
    try:
        first = spectrum(seen, k=1)
    except ValueError:  # too short
        return None
    return float(first.exponents[0]), float(first.stderr[0])


def _bounded_state(seen: Trajectory, rate: float, T: int) -> bool:
    """Whether ln of the state's RMS, last quarter over third quarter, is below a quarter of what the slope would give.

    A quarter: a ReLU network's state grows with its gradient, sometimes slower; against the whole noise would decide.
    """
    weights = seen.mask.unsqueeze(2).double()[-T:]
    squares = (seen.h[-T:].square() * weights).sum((1, 2)) / weights.sum((1, 2)).clamp_min(1)
    quarter = (T + 1) // 4
    last, third = (_mean_of(squares[part]) for part in (slice(-quarter, None), slice(-2 * quarter, -quarter)))
    if third == 0:
        return False
    return math.log(last / third) < rate * T / 4 / 4


def _mean_of(squares: Tensor) -> float:
    return float(squares.sqrt().mean())
