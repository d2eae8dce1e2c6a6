"""Harrell's concordance: how often the run with the smaller value is the one that is solved sooner."""

from collections import Counter
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from scipy.special import expit, logit

from .survival import CONFIDENCE


@dataclass(frozen=True)
class Concordance:
    """share: of the pairs of runs whose order is known, those in which the smaller value is solved sooner.

    Equal values count half: 0.5 is no order at all. low, high enclose it in 95 % of all cases. runs, pairs: how many.
    """

    share: float
    low: float
    high: float
    runs: int
    pairs: int


def concordance(values: np.ndarray, updates: np.ndarray, solved: np.ndarray) -> Concordance | None:
    """Of values (n,), against the updates (n,) at which each run was solved, or where it was not, until it ended.

    The order of two runs is known where the one with fewer updates was solved (Harrell et al. 1982); at equal updates a
    run that was solved comes before one that was not. None where no order is known, or all values are the same.
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
    """From what each run does to the share (the infinitesimal jackknife), on the scale of its logit."""
    share = agree.sum() / known.sum()
    off = agree - share * known
    error = np.sqrt(((off.sum(0) + off.sum(1)) ** 2).sum()) / known.sum()
    wide = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * error / (share * (1 - share))
    low, high = expit(logit(share) - wide), expit(logit(share) + wide)
    return float(low), float(high)


def _extreme(share: float, updates: np.ndarray, solved: np.ndarray) -> tuple[float, float]:
    """Of a share of 0 or 1: the exact binomial limit of as many pairs as have no run in common."""
    n = len(updates)
    alike = Counter(
        at if done else np.inf for at, done in zip(updates, solved, strict=True)
    )  # their order is not known
    apart = min(n // 2, n - max(alike.values()))
    edge = ((1 - CONFIDENCE) / 2) ** (1 / apart)
    return (edge, 1.0) if share == 1 else (0.0, 1 - edge)
