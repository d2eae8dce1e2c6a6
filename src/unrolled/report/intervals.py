"""Intervals of means, shares and differences, 95 %: Student's t, Wilson (1927), Fisher's exact test."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binomtest, fisher_exact, t

CONFIDENCE = 0.95
FEWEST = 3  # values: two have an interval of 12.7 standard errors, which says nothing


@dataclass(frozen=True)
class Estimate:
    """The mean of values that are independent draws, such as the scores of runs that differ in their seed."""

    values: tuple[float, ...]

    @property
    def n(self) -> int:
        return len(self.values)

    @property
    def mean(self) -> float:
        """The mean; nan without values."""
        return float(np.mean(self.values)) if self.values else math.nan

    @property
    def half(self) -> float | None:
        """Half of the 95 % interval of the mean (Student's t); None for fewer than FEWEST values."""
        return half_of(self.values, 1)


@dataclass(frozen=True)
class Difference(Estimate):
    """The mean difference of pairs of runs that differ in nothing but what is compared.

    comparisons: how many differences are looked at together; the interval holds for all of them (Bonferroni).
    """

    comparisons: int = 1

    @property
    def half(self) -> float | None:
        return half_of(self.values, self.comparisons)

    @property
    def certain(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.half is not None and abs(self.mean) > self.half


@dataclass(frozen=True)
class Share:
    """How many of n runs did something."""

    count: int
    n: int

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share; (0, 1) for no run."""
        if not self.n:
            return 0.0, 1.0
        found = binomtest(self.count, self.n).proportion_ci(CONFIDENCE, method="wilson")
        return float(found.low), float(found.high)


def half_of(values: Sequence[float], comparisons: int) -> float | None:
    """Returns half of the 95 % interval of the mean of independent values; None for fewer than FEWEST.

    comparisons: number of intervals that hold together.
    """
    if len(values) < FEWEST:
        return None
    level = 1 - (1 - CONFIDENCE) / comparisons
    return float(t.ppf((1 + level) / 2, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values)))


def differ(first: Share, second: Share, comparisons: int = 1) -> bool:
    """Returns whether two shares differ at the 5 % level (Fisher's exact test, Bonferroni)."""
    if not (first.n and second.n):
        return False
    table = [[each.count, each.n - each.count] for each in (first, second)]
    found: Any = fisher_exact(table)
    return bool(found.pvalue < (1 - CONFIDENCE) / comparisons)
