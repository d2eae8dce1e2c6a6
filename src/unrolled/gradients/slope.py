"""How the mean of ln norm moves with the lag: slope with its interval, and horizon.

Lag k counts steps back from the read-out. Increments from one lag to the next are averaged over the samples that are
real, and whose gradient is not 0, at both: else the slope would mix the samples' lengths with the lag.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .uncertainty import Mean, mean_over_time

LONG = 20  # steps from which on the first fifth is left out
LEAST_SAMPLES = 10  # a lag with fewer samples behind it is neither drawn nor used
LONGEST_CYCLE = 8  # steps
HORIZON = math.log(100)  # moved by a factor of 100


@dataclass(frozen=True)
class ByLag:
    """mean (T,): mean of ln norm relative to lag 0, by lag. increments (T-1, B), nan where not real at both lags.

    count (T,): samples at each lag. reach: 1 + the largest lag that half of the samples reach. early: how many of
    the last lags lead to the first fifth of the states, which have not settled yet. samples: those that had a gradient
    at lag 0, whether or not it is exactly 0 further back.
    """

    mean: Tensor
    increments: Tensor
    count: Tensor
    reach: int
    early: int
    samples: int

    @property
    def enough(self) -> Tensor:
        """(T,) bool: the lags with at least `LEAST_SAMPLES` samples behind them, or half of a smaller batch."""
        few = max(1, self.samples / 2)
        return self.count >= (LEAST_SAMPLES if self.samples >= LEAST_SAMPLES else few)

    @property
    def window(self) -> slice:
        """Increments that count: not the first lag (it aligns the gradient), nor those that are early."""
        return slice(1, max(1, self.reach - 1 - self.early))

    @property
    def counted(self) -> Tensor:
        """(n, B'): the increments of the window, of the samples that have any there; means over a cycle's period."""
        return self.counted_of(self.increments)

    def counted_of(self, part: Tensor) -> Tensor:
        """The same of a part of every increment, (T-1, B): same lags, same samples, same means over the period."""
        rows = self.enough[1:][self.window]
        chosen = self.increments[self.window][rows]
        kept = ~chosen.isnan().all(0)
        own = torch.where(chosen.isnan(), torch.nan, part[self.window][rows])[:, kept]
        period = _period(chosen[:, kept])
        return own if period == 1 else own.unfold(0, period, 1).mean(2)


@dataclass(frozen=True)
class Horizon:
    """lag: the smallest at which the mean log has moved by ln 100; None: it never does. direction: "down" or "up"."""

    lag: int | None
    direction: str | None


def by_lag(ln_norm: Tensor, mask: Tensor, samples: int | None = None) -> ByLag:
    """ln_norm (T, B) and mask bool (T, B) in order of time; sequences end at the same step.

    samples: how many there were before those without a gradient were left out; by default B.
    """
    backwards = torch.where(mask & torch.isfinite(ln_norm), ln_norm, torch.nan).flip(0)
    increments = backwards[1:] - backwards[:-1]
    count = mask.flip(0).sum(1)
    reach = _reach(count, mask.shape[1])
    early = reach // 5 if reach >= LONG else 0
    return ByLag(_relative(increments), increments, count, reach, early, mask.shape[1] if samples is None else samples)


def by_lag_of_increments(increments: Tensor, started: Tensor, samples: int | None = None) -> ByLag:
    """increments (T-1, B) by lag, nan where there is none; started bool (B,): the samples that have a lag 0."""
    count = torch.cat([started.unsqueeze(0), ~increments.isnan()]).sum(1)
    reach = _reach(count, increments.shape[1])
    samples = int(started.sum()) if samples is None else samples
    return ByLag(_relative(increments), increments, count, reach, 0, samples)


def _period(increments: Tensor) -> int:
    """The number of steps p of a stable cycle in increments (n, B), means over which leave little variance; else 1.

    In a stable cycle of p steps the gradient rises and falls within the period: where the window ends would count.
    Of white noise a mean over p neighbours keeps 1/p of the variance.
    """
    per_lag = increments.nanmean(1)
    periods = range(2, min(LONGEST_CYCLE, len(per_lag) // 4) + 1)
    left = {p: p * float(per_lag.unfold(0, p, 1).mean(1).var()) for p in periods}
    best = min(left, key=lambda p: left[p], default=1)
    return best if left and left[best] < float(per_lag.var()) / 4 else 1


def _relative(increments: Tensor) -> Tensor:
    return torch.cat([increments.new_zeros(1), increments.nanmean(1).cumsum(0)])


def _reach(count: Tensor, samples: int) -> int:
    reached = (count >= max(1, samples / 2)).nonzero()
    return int(reached.max()) + 1 if len(reached) else 0


def slope(lags: ByLag, constant: bool = False) -> Mean | None:
    """Mean increment over the window, nats per lag, positive = exploding, with its interval.

    constant: whether J_t is the same at every step of every sample: increments then have no noise in time.
    None where fewer than two increments are left.
    """
    chosen = lags.counted
    if len(chosen) < 2 or not chosen.shape[1] or chosen.isnan().all(1).any():
        return None
    return mean_over_time(chosen, constant)


def part_of_slope(lags: ByLag, part: Tensor) -> float | None:
    """Mean over the slope's own window of a part of every increment, (T-1, B); parts that make up the increments add up
    to the slope. None where the slope is."""
    chosen = lags.counted_of(part)
    if len(chosen) < 2 or not chosen.shape[1] or chosen.isnan().all(1).any():
        return None
    return float(chosen.nanmean(1).mean())


def horizon(lags: ByLag) -> Horizon:
    """Among the lags with enough samples behind them."""
    moved = (lags.enough & (lags.mean.abs() >= HORIZON)).nonzero()
    if not len(moved):
        return Horizon(None, None)
    lag = int(moved[0])
    return Horizon(lag, "up" if lags.mean[lag] > 0 else "down")
