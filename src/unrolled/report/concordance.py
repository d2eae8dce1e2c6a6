"""Harrell's concordance: how often the run with the smaller value solves the task sooner."""

from collections import Counter
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from scipy.special import expit, logit

from .intervals import CONFIDENCE


@dataclass(frozen=True)
class Concordance:
    """The concordance of a value with the time to solve the task.

    share: fraction of the pairs with a known order in which the run with the smaller value solves the task sooner;
        equal values count half, so 0.5 means no order.
    low, high: limits of the 95 % confidence interval of share.
    runs, pairs: number of runs, and of pairs with a known order.
    """

    share: float
    low: float
    high: float
    runs: int
    pairs: int


def concordance(values: np.ndarray, updates: np.ndarray, solved: np.ndarray) -> Concordance | None:
    """Returns the concordance of `values` with the time to solve; None if no order is known or all values are equal.

    The order of two runs is known if the one with fewer updates solved the task (Harrell et al. 1982). At equal updates
    a run that solved it comes before one that did not.

    values: (n,), one per run.
    updates: (n,), the updates until the run solved the task, or until it ended.
    solved: (n,) bool, whether it solved the task.
    """
    values, updates, solved = values.astype(float), updates.astype(float), solved.astype(bool)
    later = (updates[None] > updates[:, None]) | ((updates[None] == updates[:, None]) & ~solved[None])
    known = (solved[:, None] & later).astype(float)
    agree = known * (0.5 * (values[None] == values[:, None]) + (values[None] > values[:, None]))
    if not known.any() or np.ptp(values) == 0:
        return None
    share = float(agree.sum() / known.sum())
    low, high = _interval(agree, known) if 0 < share < 1 else _extreme(share, updates, solved)
    return Concordance(share, low, high, len(values), int(known.sum()))


def _interval(agree: np.ndarray, known: np.ndarray) -> tuple[float, float]:
    """Returns the limits from the infinitesimal jackknife over runs, on the logit scale of the share."""
    share = agree.sum() / known.sum()
    off = agree - share * known
    error = np.sqrt(((off.sum(0) + off.sum(1)) ** 2).sum()) / known.sum()
    wide = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * error / (share * (1 - share))
    low, high = expit(logit(share) - wide), expit(logit(share) + wide)
    return float(low), float(high)


def _extreme(share: float, updates: np.ndarray, solved: np.ndarray) -> tuple[float, float]:
    """Returns the limits for a share of 0 or 1: exact binomial, with as many pairs as have no run in common."""
    n = len(updates)
    alike = Counter(
        at if done else np.inf for at, done in zip(updates, solved, strict=True)
    )  # their order is not known
    apart = min(n // 2, n - max(alike.values()))
    edge = ((1 - CONFIDENCE) / 2) ** (1 / apart)
    return (edge, 1.0) if share == 1 else (0.0, 1 - edge)
