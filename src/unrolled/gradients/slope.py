"""Slope and horizon: how the mean of ln norm changes with the lag.

Lag k counts steps back from the read-out. Increments from one lag to the next are averaged over the samples that are
real, with a gradient that is not 0, at both lags: otherwise the slope would mix the samples' lengths with the lag.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .uncertainty import Mean, mean_over_time

LONG = 20  # steps from which on the first fifth is skipped
LEAST_SAMPLES = 10  # a lag with fewer samples is neither drawn nor used
LONGEST_CYCLE = 8  # steps
HORIZON = math.log(100)  # a change by a factor of 100


@dataclass(frozen=True)
class ByLag:
    """The mean of ln norm by lag, and the increments that it is made of.

    mean: (T,), mean of ln norm relative to lag 0.
    increments: (T-1, B), change from lag k to k + 1; nan if a sample is not real at both.
    count: (T,), number of samples at each lag.
    reach: 1 + the largest lag that half of the samples reach.
    early: number of the last lags that lead to the first fifth of the states, which have not settled yet.
    samples: number of samples with a gradient at lag 0, whether or not it becomes exactly 0 further back.
    """

    mean: Tensor
    increments: Tensor
    count: Tensor
    reach: int
    early: int
    samples: int

    @property
    def enough(self) -> Tensor:
        """Lags with at least `LEAST_SAMPLES` samples, or with half of a smaller batch; bool (T,)."""
        few = max(1, self.samples / 2)
        return self.count >= (LEAST_SAMPLES if self.samples >= LEAST_SAMPLES else few)

    @property
    def window(self) -> slice:
        """Increments that count: neither the first lag, which aligns the gradient, nor the early states."""
        return slice(1, max(1, self.reach - 1 - self.early))

    @property
    def window_increments(self) -> Tensor:
        """Increments in the window, (n, B'), of the samples that have any; running means over a cycle's period."""
        return self.in_window(self.increments)

    def in_window(self, part: Tensor) -> Tensor:
        """Restricts a part of every increment, (T-1, B), to the lags, samples and means of `window_increments`."""
        rows = self.enough[1:][self.window]
        chosen = self.increments[self.window][rows]
        kept = ~chosen.isnan().all(0)
        own = torch.where(chosen.isnan(), torch.nan, part[self.window][rows])[:, kept]
        period = _period(chosen[:, kept])
        return own if period == 1 else own.unfold(0, period, 1).mean(2)


@dataclass(frozen=True)
class Horizon:
    """The smallest lag at which the mean of ln norm has moved by ln 100, and the direction, "down" or "up".

    Both are None if it never does.
    """

    lag: int | None
    direction: str | None


def by_lag(ln_norm: Tensor, mask: Tensor, samples: int | None = None) -> ByLag:
    """Computes the curve by lag of sequences that all end at the same step.

    ln_norm: (T, B), in order of time.
    mask: bool (T, B), True = real.
    samples: number of samples before those without a gradient were removed; None = B.
    """
    backwards = torch.where(mask & torch.isfinite(ln_norm), ln_norm, torch.nan).flip(0)
    increments = backwards[1:] - backwards[:-1]
    count = mask.flip(0).sum(1)
    reach = _reach(count, mask.shape[1])
    early = reach // 5 if reach >= LONG else 0
    return ByLag(_relative(increments), increments, count, reach, early, mask.shape[1] if samples is None else samples)


def by_lag_of_increments(increments: Tensor, started: Tensor, samples: int | None = None) -> ByLag:
    """Computes the curve by lag from increments.

    increments: (T-1, B), by lag; nan if there is none.
    started: bool (B,), the samples that have a lag 0.
    samples: number of samples with a gradient at lag 0; None = those in `started`.
    """
    count = torch.cat([started.unsqueeze(0), ~increments.isnan()]).sum(1)
    reach = _reach(count, increments.shape[1])
    samples = int(started.sum()) if samples is None else samples
    return ByLag(_relative(increments), increments, count, reach, 0, samples)


def _period(increments: Tensor) -> int:
    """Returns the period p of a stable cycle in increments (n, B): means over p leave little variance. 1 = no cycle.

    Within a period the gradient rises and falls, so the slope would depend on where the window ends. A mean of white
    noise over p neighbours keeps 1/p of the variance.
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
    """Computes the mean increment over the window, nats per lag, positive = exploding, with its interval.

    constant: whether J_t is the same at every step of every sample: increments then have no noise in time.
    Returns None if fewer than two increments are left.
    """
    chosen = lags.window_increments
    if len(chosen) < 2 or not chosen.shape[1] or chosen.isnan().all(1).any():
        return None
    return mean_over_time(chosen, constant)


def part_of_slope(lags: ByLag, part: Tensor) -> float | None:
    """Computes the mean over the slope's window of a part of every increment, (T-1, B).

    Parts that make up the increments add up to the slope. Returns None if there is no slope.
    """
    chosen = lags.in_window(part)
    if len(chosen) < 2 or not chosen.shape[1] or chosen.isnan().all(1).any():
        return None
    return float(chosen.nanmean(1).mean())


def horizon(lags: ByLag) -> Horizon:
    """Finds the horizon among the lags with enough samples."""
    moved = (lags.enough & (lags.mean.abs() >= HORIZON)).nonzero()
    if not len(moved):
        return Horizon(None, None)
    lag = int(moved[0])
    return Horizon(lag, "up" if lags.mean[lag] > 0 else "down")
