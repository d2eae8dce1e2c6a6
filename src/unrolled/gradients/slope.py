"""How the mean of ln norm moves with the lag: slope with its standard error, and horizon.

Lag k counts steps back from the read-out. Increments from one lag to the next are averaged over the samples that are
real, and whose gradient is not 0, at both: else the slope would mix the samples' lengths with the lag.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

LONG = 20  # steps from which on the first fifth is left out
LEAST_SAMPLES = 10  # a lag with fewer samples behind it is neither drawn nor used for the horizon
HORIZON = math.log(100)  # moved by a factor of 100


@dataclass(frozen=True)
class ByLag:
    """mean (T,): mean of ln norm relative to lag 0, by lag. increments (T-1, B), nan where not real at both lags.

    count (T,): samples real at each lag. reach: 1 + the largest lag that half of the samples reach. early: how many of
    the last lags lead to the first fifth of the states, which have not settled yet.
    """

    mean: Tensor
    increments: Tensor
    count: Tensor
    reach: int
    early: int

    @property
    def enough(self) -> Tensor:
        """(T,) bool: the lags with at least `LEAST_SAMPLES` samples behind them, or every sample there is if fewer."""
        return self.count >= min(LEAST_SAMPLES, max(1, self.increments.shape[1]))

    @property
    def window(self) -> slice:
        """Increments that count: not the first lag (it aligns the gradient), nor those that are early."""
        return slice(1, max(1, self.reach - 1 - self.early))


@dataclass(frozen=True)
class Slope:
    """Nats per lag, positive = exploding: the mean increment, and its standard error."""

    mean: float
    error: float


@dataclass(frozen=True)
class Horizon:
    """lag: the smallest at which the mean log has moved by ln 100; None: it never does. direction: "down" or "up"."""

    lag: int | None
    direction: str | None


def by_lag(ln_norm: Tensor, mask: Tensor) -> ByLag:
    """ln_norm (T, B) and mask bool (T, B) in order of time; sequences end at the same step."""
    backwards = torch.where(mask & torch.isfinite(ln_norm), ln_norm, torch.nan).flip(0)
    increments = backwards[1:] - backwards[:-1]
    count = mask.flip(0).sum(1)
    reach = _reach(count, mask.shape[1])
    return ByLag(_relative(increments), increments, count, reach, reach // 5 if reach >= LONG else 0)


def by_lag_of_increments(increments: Tensor, started: Tensor) -> ByLag:
    """increments (T-1, B) by lag, nan where there is none; started bool (B,): the samples that have a lag 0."""
    count = torch.cat([started.unsqueeze(0), ~increments.isnan()]).sum(1)
    return ByLag(_relative(increments), increments, count, _reach(count, increments.shape[1]), 0)


def _relative(increments: Tensor) -> Tensor:
    return torch.cat([increments.new_zeros(1), increments.nanmean(1).cumsum(0)])


def _reach(count: Tensor, samples: int) -> int:
    reached = (count >= max(1, samples / 2)).nonzero()
    return int(reached.max()) + 1 if len(reached) else 0


def slope(lags: ByLag) -> Slope | None:
    """Mean increment over the window; its error is the larger of that over blocks of time and that over samples.

    None where fewer than two increments are left.
    """
    chosen = lags.increments[lags.window]
    chosen = chosen[:, ~chosen.isnan().all(0)]
    per_lag = chosen.nanmean(1)
    if len(per_lag) < 2 or per_lag.isnan().any():
        return None
    blocks = max(min(4, len(per_lag)), min(20, math.isqrt(len(per_lag))))
    block_means = torch.stack([block.mean() for block in per_lag.tensor_split(blocks)])
    error = float(block_means.std()) / math.sqrt(blocks)
    if chosen.shape[1] > 1:
        error = max(error, float(chosen.nanmean(0).std()) / math.sqrt(chosen.shape[1]))
    return Slope(float(per_lag.mean()), error)


def horizon(lags: ByLag) -> Horizon:
    """Among the lags with enough samples behind them."""
    moved = (lags.enough & (lags.mean.abs() >= HORIZON)).nonzero()
    if not len(moved):
        return Horizon(None, None)
    lag = int(moved[0])
    return Horizon(lag, "up" if lags.mean[lag] > 0 else "down")
