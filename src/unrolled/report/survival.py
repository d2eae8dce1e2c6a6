"""Survival analysis of the updates that runs need to solve a task; runs that end unsolved are censored."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import CensoredData, binom, ecdf

from .intervals import CONFIDENCE, Share

LEAST = 6  # runs: with fewer, smallest and largest value do not enclose the median in 95 % of all cases


@dataclass(frozen=True)
class SolvingTime:
    """The time of one run.

    updates: until the run solved the task; if it did not, until it ended (censored).
    solved: whether it solved the task.
    diverged: whether it ended with nan or inf.
    """

    updates: float
    solved: bool
    diverged: bool = False


@dataclass(frozen=True)
class Curve:
    """The share of runs that have not solved the task yet: a step function of updates that begins at (0, 1).

    updates: (K,), where it steps.
    share: (K,), its value from there on.
    low, high: (K,), limits of the pointwise 95 % confidence interval.
    at_risk: (K,), runs that had neither solved the task nor ended before.
    """

    updates: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    at_risk: np.ndarray


@dataclass(frozen=True)
class Survival:
    """Solving times of a group of runs, at least one."""

    name: str
    runs: Sequence[SolvingTime]

    @property
    def n(self) -> int:
        return len(self.runs)

    @property
    def solved(self) -> int:
        return sum(run.solved for run in self.runs)

    @property
    def diverged(self) -> int:
        """Number of runs that diverged before they solved the task."""
        return sum(run.diverged and not run.solved for run in self.runs)

    @property
    def last(self) -> float:
        """Largest number of updates at which a run solved the task or ended."""
        return max(run.updates for run in self.runs)

    @cached_property
    def curve(self) -> Curve:
        """Kaplan & Meier's estimate, with pointwise bands by ln(-ln) of the share (Greenwood's variance).

        At a share of 1 or 0 that variance is 0 or undefined. There the band is the exact binomial one of the runs that
        were not censored before.
        """
        found = ecdf(
            CensoredData([run.updates for run in self.runs if run.solved],
                         right=[run.updates for run in self.runs if not run.solved])
        ).sf  # fmt: skip
        share = found.probabilities
        with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
            warnings.filterwarnings("ignore", "The confidence interval is undefined")  # it is filled in below
            band = found.confidence_interval(CONFIDENCE, method="log-log")
        low, high = band.low.probabilities.copy(), band.high.probabilities.copy()
        known = np.array([self._known(at) for at in found.quantiles])
        certain = (1 - CONFIDENCE) / 2
        with np.errstate(divide="ignore"):
            edge = np.where(known > 0, certain ** (1 / known), 0.0)
        low = np.where(share == 1, edge, np.where(share == 0, 0.0, low))
        high = np.where(share == 0, 1 - edge, np.where(share == 1, 1.0, high))
        at_risk = np.array([sum(run.updates >= at for run in self.runs) for at in found.quantiles])
        return Curve(found.quantiles, share, low, high, at_risk)

    def _known(self, at: float) -> int:
        """Returns the number of runs that solved the task at some time, or were not censored before `at`."""
        return sum(run.solved or run.updates >= at for run in self.runs)

    @property
    def median(self) -> float:
        """Updates after which half of the runs have solved the task; inf if they have not."""
        reached = self.curve.updates[self.curve.share <= 0.5 + 1e-12]  # 1 - 3/6 in floats
        return float(reached[0]) if len(reached) else math.inf

    @property
    def median_interval(self) -> tuple[float, float] | None:
        """Exact confidence interval of the median, at least 95 %: two of the sorted times. None for fewer than 6 runs.

        For the lower limit a censored run counts as solved at its end; for the upper limit it counts as never solved.
        """
        if self.n < LEAST:
            return None
        rank = int(binom.ppf((1 - CONFIDENCE) / 2, self.n, 0.5))
        earliest = sorted(run.updates for run in self.runs)
        latest = sorted(run.updates if run.solved else math.inf for run in self.runs)
        return earliest[rank - 1], latest[self.n - rank]

    @property
    def share_interval(self) -> tuple[float, float]:
        """Confidence interval, 95 %, of the share of runs that solve the task within their updates (Wilson 1927)."""
        return Share(self.solved, self.n).interval
