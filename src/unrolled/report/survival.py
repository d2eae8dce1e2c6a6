"""How many updates it takes to solve a task, from runs of which some have not solved it when their updates end."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import CensoredData, binom, binomtest, ecdf

CONFIDENCE = 0.95
LEAST = 6  # runs: of fewer, not even the smallest and the largest enclose the median in 95 % of all cases


@dataclass(frozen=True)
class Followed:
    """One run. updates: until it was solved; where it was not (solved False), until it ended, solved or not.

    diverged: it ended with nan or inf.
    """

    updates: float
    solved: bool
    diverged: bool = False


@dataclass(frozen=True)
class Curve:
    """The share of runs that have not solved the task yet, after so many updates; a step function from (0, 1) on.

    updates, share, low, high: (K,); low and high enclose the share in 95 % of all cases. at_risk: (K,), the runs that
    were neither solved nor ended before.
    """

    updates: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    at_risk: np.ndarray


@dataclass(frozen=True)
class Survival:
    """The runs of one kind, at least one."""

    name: str
    runs: Sequence[Followed]

    @property
    def n(self) -> int:
        return len(self.runs)

    @property
    def solved(self) -> int:
        return sum(run.solved for run in self.runs)

    @property
    def diverged(self) -> int:
        """Runs that diverged before they had solved the task."""
        return sum(run.diverged and not run.solved for run in self.runs)

    @property
    def last(self) -> float:
        """Updates until which any run was followed."""
        return max(run.updates for run in self.runs)

    @cached_property
    def curve(self) -> Curve:
        """Kaplan & Meier's estimate, with pointwise bands by ln(-ln) of the share (Greenwood's variance).

        Where the share is 1 or 0 that variance says nothing; there the band is the exact binomial one of the runs that
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
        """Runs of which it is known whether they were solved by then."""
        return sum(run.solved or run.updates >= at for run in self.runs)

    @property
    def median(self) -> float:
        """Updates after which half of the runs have solved the task; inf where they have not."""
        reached = self.curve.updates[self.curve.share <= 0.5 + 1e-12]  # 1 - 3/6 in floats
        return float(reached[0]) if len(reached) else math.inf

    @property
    def median_interval(self) -> tuple[float, float] | None:
        """Encloses the median in at least 95 % of all cases, exactly: two of the sorted times. None below 6 runs.

        A run that is not solved counts as solved at its end for the lower limit, and never for the upper one.
        """
        if self.n < LEAST:
            return None
        rank = int(binom.ppf((1 - CONFIDENCE) / 2, self.n, 0.5))
        earliest = sorted(run.updates for run in self.runs)
        latest = sorted(run.updates if run.solved else math.inf for run in self.runs)
        return earliest[rank - 1], latest[self.n - rank]

    @property
    def share_interval(self) -> tuple[float, float]:
        """Of the share of runs that solve the task within their updates (Wilson 1927)."""
        found = binomtest(self.solved, self.n).proportion_ci(CONFIDENCE, method="wilson")
        return float(found.low), float(found.high)
