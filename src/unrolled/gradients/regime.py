"""The regime of a network on given inputs: which of the field's words its gradients deserve.

The rules are tried in order; the first that holds names the regime, and says why.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .cuts import Cut
from .lyapunov import spectrum
from .samples import Shares
from .shape import grows, turn
from .slope import ByLag, horizon
from .theory import eigenvalues
from .trajectory import Trajectory
from .uncertainty import Mean, mean_over_time

REGIMES = (
    "vanishing", "exploding", "stable", "transient", "chaotic", "mixed", "cut", "saturated", "dead", "diverged",
    "undecided",
)  # fmt: skip
RULES_VERSION = 2  # recorded with every label, for labels change between versions
SHORTEST = 8  # steps: below this no slope means anything
SHORTEST_CHAOS = 50  # steps: below this no Lyapunov exponent is certain
FLAT = 10  # a unit is flat where f' < gamma / 10

Verdict = tuple[str, str]


@dataclass(frozen=True)
class Evidence:
    """What the rules look at.

    slope: of the mean of logs; None: too little is left. zeros: share of the samples whose gradient is exactly 0 at
    some step. zero_cut: the zeros that are not units which are off. few: losses at few steps. flat: share of
    (t, sample, unit) with |f'| < gamma / 10. shares: samples that change tenfold up and down.
    """

    at: Trajectory
    lags: ByLag
    slope: Mean | None
    zeros: float
    zero_cut: Cut
    few: Cut
    shares: Shares
    flat: float
    constant: bool

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
        rho = float(eigenvalues(self.at).abs().max()) * self.at.f.gamma
        return math.log(rho) if rho > 0 else -math.inf


def decide(found: Evidence) -> Verdict:
    """(regime, the rule that decided, in words)."""
    for rule in RULES:
        for verdict in rule(found):
            return verdict
    raise AssertionError("the last rule always holds")


def _diverged(found: Evidence) -> Iterator[Verdict]:
    if found.at.diverged_at is not None:
        yield "diverged", f"the state is not finite from time step {found.at.diverged_at} on"


def _mixed(found: Evidence) -> Iterator[Verdict]:
    """Before all that speaks of a mean: there is none of samples that differ in kind."""
    if found.shares.mixed and found.steps >= SHORTEST:
        up, down = found.shares.up, found.shares.down
        yield "mixed", f"the gradient grows more than tenfold in {up:.0%} of the samples and falls so in {down:.0%}"


def _nothing_left(found: Evidence) -> Iterator[Verdict]:
    if found.zeros <= 0.5:
        return
    where = f"the gradient of {found.zeros:.0%} of the samples is exactly 0 at some step"
    if found.at.f.bounded and found.flat >= 0.5:
        yield "saturated", where
    elif found.zero_cut.share > 0.5:
        yield "cut", f"{where}: {found.zero_cut.cause}"
    else:
        yield "dead", f"{where}: units are off"


def _too_short(found: Evidence) -> Iterator[Verdict]:
    if found.steps < SHORTEST:
        yield "undecided", f"{found.steps} steps are too few to fit a slope, {SHORTEST} are needed"
    elif found.slope is None:
        yield "undecided", "too few samples have a gradient to fit a slope"


def _cut(found: Evidence) -> Iterator[Verdict]:
    if found.few.share > 0.5:
        yield "cut", f"in {found.few.share:.0%} of the samples, {found.few.cause}"


def _transient(found: Evidence) -> Iterator[Verdict]:
    """It grows and then decays, or the reverse."""
    words = turn(found.lags, found.band, found.constant)
    if words is not None:
        yield "transient", words


def _growing(found: Evidence) -> Iterator[Verdict]:
    words = _interval(found)
    if not _beyond(found, 1):
        return
    if found.constant or grows(found.at, _slope(found).value, found.steps):
        yield "exploding", words
        return
    if found.steps < SHORTEST_CHAOS:
        yield "undecided", f"{words}: it grows while the state stays bounded, and {SHORTEST_CHAOS} steps show chaos"
        return
    first = _first_exponent(found.at)
    if first is not None and first[0] - first[1] > 0:
        beside = f"the first Lyapunov exponent is {first[0]:+z.3f} +- {first[1]:z.3f}"
        yield "chaotic", f"{words}; the state stays bounded and {beside}"
    else:
        yield "undecided", f"{words}: it grows while the state stays bounded, and no exponent above 0 is certain"


def _shrinking(found: Evidence) -> Iterator[Verdict]:
    words = _interval(found)
    if not _beyond(found, -1):
        return
    if found.at.f.bounded and found.flat >= 0.5 and found.ln_rho > -found.band:
        yield "saturated", f"{words}; {found.flat:.0%} of the units sit in the flat part of f"
    else:
        yield "vanishing", words


def _neither(found: Evidence) -> Iterator[Verdict]:
    words, fit = _interval(found), _slope(found)
    moved = horizon(found.lags)
    if moved.lag is not None and abs(fit.value) <= found.band:
        way = {"down": "fallen", "up": "grown"}[moved.direction or "down"]
        yield "undecided", f"{words}, yet at lag {moved.lag} the gradient has {way} a hundredfold"
    elif abs(fit.value) + fit.half <= found.band:
        yield "stable", words
    else:
        yield "undecided", f"{words}: both sides of the band's edge are possible"


RULES: tuple[Callable[[Evidence], Iterator[Verdict]], ...] = (
    _diverged, _mixed, _nothing_left, _too_short, _cut, _transient, _growing, _shrinking, _neither,
)  # fmt: skip


def _slope(found: Evidence) -> Mean:
    assert found.slope is not None
    return found.slope


def _beyond(found: Evidence, side: int) -> bool:
    """Whether the slope is beyond the band on that side (1: above).

    Either its interval is; or the slope itself is, and certainly more lags than not move to that side: one lag of great
    noise then does not hide what all others do.
    """
    fit = _slope(found)
    if side * fit.value - fit.half > found.band:
        return True
    signs = found.lags.counted.nanmean(1, keepdim=True).sign()
    return side * fit.value > found.band and mean_over_time(signs).certain(side)


def _interval(found: Evidence) -> str:
    fit = _slope(found)
    if not fit.honest:
        few = f"too few for an interval: {fit.steps} lags, samples: {fit.samples}"
        return f"slope {fit.value:+z.3f} nats per lag ({few}), band +-{found.band:z.3f}"
    return f"slope {fit.value:+z.3f} +- {fit.half:z.3f} nats per lag, band +-{found.band:z.3f}"


def _first_exponent(at: Trajectory) -> tuple[float, float] | None:
    """First Lyapunov exponent and half of its interval; None where there are too few steps."""
    try:
        first = spectrum(at, k=1)
    except ValueError:
        return None
    return float(first.exponents[0]), float(first.half[0])
