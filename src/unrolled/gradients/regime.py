"""Classifies the gradients of a network as vanishing, exploding, stable, ... by rules in a fixed order.

The first rule that holds gives the regime and the reason.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from unrolled.digits import counted, interval, number

from .along import Trajectory
from .cuts import Cut
from .lyapunov import spectrum
from .samples import Shares
from .shape import grows, turn
from .slope import ByLag, horizon
from .uncertainty import Mean, mean_over_time

REGIMES = (
    "vanishing", "exploding", "stable", "transient", "chaotic", "mixed", "cut", "saturated", "dead", "diverged",
    "undecided",
)  # fmt: skip
RULES_VERSION = 2  # recorded with every label, because labels change between versions
SHORTEST = 8  # steps: with fewer no slope is fitted
SHORTEST_CHAOS = 50  # steps: with fewer no Lyapunov exponent is certain

Verdict = tuple[str, str]


@dataclass(frozen=True)
class RegimeInputs:
    """Measurements that the rules judge.

    lags: the mean of ln norm by lag.
    slope: nats per lag, with its interval; None if too little is left to fit one.
    zeros: share of samples whose gradient is exactly 0 at some step.
    zero_cut: the share of these zeros that units which are off do not explain, and their cause.
    few: losses at a few time steps.
    shares: samples that change tenfold up and down.
    flat: share of (t, sample, unit) that let little through.
    path: what the first of `Trajectory.parts` contributes to the slope, or None.
    constant: whether J_t is the same at every step of every sample.
    """

    trajectory: Trajectory
    lags: ByLag
    slope: Mean | None
    zeros: float
    zero_cut: Cut
    few: Cut
    shares: Shares
    flat: float
    path: float | None
    constant: bool

    @property
    def steps(self) -> int:
        """Number of lags that at least half of the samples reach."""
        return self.lags.reach

    @property
    def band(self) -> float:
        """Largest slope, in nats per lag, that still counts as stable: less than tenfold over all steps."""
        return min(0.05, math.log(10) / max(1, self.steps - 1))


def decide(evidence: RegimeInputs) -> Verdict:
    """Returns (regime, reason) of the first rule that holds."""
    for rule in RULES:
        for verdict in rule(evidence):
            return verdict
    raise AssertionError("the last rule always holds")


def _diverged(evidence: RegimeInputs) -> Iterator[Verdict]:
    if evidence.trajectory.diverged_at is not None:
        yield "diverged", f"the state is not finite from time step {evidence.trajectory.diverged_at} on"


def _mixed(evidence: RegimeInputs) -> Iterator[Verdict]:
    """Precedes all rules about a mean: samples that differ in kind have no meaningful mean."""
    if evidence.shares.mixed and evidence.steps >= SHORTEST:
        up, down = evidence.shares.up, evidence.shares.down
        yield "mixed", f"the gradient grows more than tenfold in {up:.0%} of the samples and falls so in {down:.0%}"


def _nothing_left(evidence: RegimeInputs) -> Iterator[Verdict]:
    if evidence.zeros <= 0.5:
        return
    where = f"the gradient of {evidence.zeros:.0%} of the samples is exactly 0 at some step"
    if evidence.trajectory.bounded and evidence.flat >= 0.5:
        yield "saturated", where
    elif evidence.zero_cut.share > 0.5:
        yield "cut", f"{where}: {evidence.zero_cut.cause}"
    else:
        yield "dead", f"{where}: units are off"


def _too_short(evidence: RegimeInputs) -> Iterator[Verdict]:
    if evidence.steps < SHORTEST:
        yield "undecided", _shortness(evidence)
    elif evidence.slope is None:
        yield "undecided", "too few samples have a gradient to fit a slope"


def _shortness(evidence: RegimeInputs) -> str:
    """Returns how many time steps there are, and how many samples have enough of them for a regime."""
    count, every = evidence.lags.count, int(evidence.lags.count[0]) if len(evidence.lags.count) else 0
    enough = int(count[SHORTEST - 1]) if len(count) >= SHORTEST else 0
    if not enough:
        return f"the sequences have {counted(evidence.steps, 'time steps')} at most; a regime needs {SHORTEST}"
    have = f"{enough} of {counted(every, 'samples')} have the {SHORTEST} time steps that a regime needs"
    return f"{have}, and half of them must; half have at most {evidence.steps}"


def _cut(evidence: RegimeInputs) -> Iterator[Verdict]:
    if evidence.few.share > 0.5:
        yield "cut", f"in {evidence.few.share:.0%} of the samples, {evidence.few.cause}"


def _transient(evidence: RegimeInputs) -> Iterator[Verdict]:
    """Growth that turns into decay, or the reverse."""
    reason = turn(evidence.lags, evidence.band, evidence.constant)
    if reason is not None:
        yield "transient", reason


def _growing(evidence: RegimeInputs) -> Iterator[Verdict]:
    reason = _interval(evidence)
    if not _beyond(evidence, 1):
        return
    if evidence.constant or grows(evidence.trajectory, _slope(evidence).value, evidence.steps):
        yield "exploding", reason
        return
    if evidence.steps < SHORTEST_CHAOS:
        yield "undecided", f"{reason}: it grows while the state stays bounded, and {SHORTEST_CHAOS} steps show chaos"
        return
    first = _first_exponent(evidence.trajectory)
    if first is not None and first[0] - first[1] > 0:
        exponent = f"the first Lyapunov exponent is {interval(*first)}"
        yield "chaotic", f"{reason}; the state stays bounded and {exponent}"
    else:
        yield "undecided", f"{reason}: it grows while the state stays bounded, and no exponent above 0 is certain"


def _shrinking(evidence: RegimeInputs) -> Iterator[Verdict]:
    reason = _interval(evidence)
    if not _beyond(evidence, -1):
        return
    bounded, flat = evidence.trajectory.bounded, evidence.flat >= 0.5
    if bounded and flat and evidence.trajectory.shrinks_by_flatness(evidence.path, evidence.band):
        yield "saturated", f"{reason}; {evidence.flat:.0%} {evidence.trajectory.flat_words}"
    else:
        yield "vanishing", reason


def _neither(evidence: RegimeInputs) -> Iterator[Verdict]:
    reason, fit = _interval(evidence), _slope(evidence)
    moved = horizon(evidence.lags)
    if moved.lag is not None and abs(fit.value) <= evidence.band:
        way = {"down": "fallen", "up": "grown"}[moved.direction or "down"]
        yield "undecided", f"{reason}, yet at lag {moved.lag} the gradient has {way} a hundredfold"
    elif abs(fit.value) + fit.half <= evidence.band:
        yield "stable", reason
    else:
        yield "undecided", f"{reason}: both sides of the band's edge are possible"


RULES: tuple[Callable[[RegimeInputs], Iterator[Verdict]], ...] = (
    _diverged, _mixed, _nothing_left, _too_short, _cut, _transient, _growing, _shrinking, _neither,
)  # fmt: skip


def _slope(evidence: RegimeInputs) -> Mean:
    assert evidence.slope is not None
    return evidence.slope


def _beyond(evidence: RegimeInputs, side: int) -> bool:
    """Returns whether the slope is certainly beyond the band on one side (1: above, -1: below).

    Either its interval is; or the slope is, and most lags certainly move to that side: a single lag of large noise then
    does not hide the others.
    """
    fit = _slope(evidence)
    if side * fit.value - fit.half > evidence.band:
        return True
    signs = evidence.lags.window_increments.nanmean(1, keepdim=True).sign()
    return side * fit.value > evidence.band and mean_over_time(signs).certain(side)


def _interval(evidence: RegimeInputs) -> str:
    fit = _slope(evidence)
    if not fit.reliable:
        few = f"too few for an interval: {counted(fit.steps, 'lags')}, {counted(fit.samples, 'samples')}"
        return f"slope {number(fit.value, '+z.3f')} nats per lag ({few}), band +-{evidence.band:z.3f}"
    return f"slope {interval(fit.value, fit.half)} nats per lag, band +-{evidence.band:z.3f}"


def _first_exponent(trajectory: Trajectory) -> tuple[float, float] | None:
    """Returns the first Lyapunov exponent and the half-width of its interval; None if there are too few steps."""
    try:
        first = spectrum(trajectory, k=1)
    except ValueError:
        return None
    return float(first.exponents[0]), float(first.half[0])
