"""Kaplan-Meier, its bands, the median's interval and the rank statistic, against answers that are not our own."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from unrolled.report.concordance import concordance
from unrolled.report.survival import SolvingTime, Survival

BUDGET = 4000.0
DRAWS = 400


def runs(*times: float, solved: bool = True, diverged: bool = False) -> list[SolvingTime]:
    return [SolvingTime(at, solved, diverged) for at in times]


def by_hand(made: list[SolvingTime]) -> tuple[list[float], list[float]]:
    """The product over the moments of solving of 1 - solved / at risk."""
    at = sorted({run.updates for run in made})
    left = [1 - sum(r.solved for r in made if r.updates == t) / sum(r.updates >= t for r in made) for t in at]
    return at, list(np.cumprod(left))


@given(st.lists(st.tuples(st.integers(1, 8), st.booleans()), min_size=1, max_size=30))
def test_the_curve_is_the_product_of_those_who_are_left(drawn: list[tuple[int, bool]]) -> None:
    made = [SolvingTime(50.0 * at, solved) for at, solved in drawn]
    curve, (at, share) = Survival("", made).curve, by_hand(made)
    assert list(curve.updates) == at
    assert curve.share == pytest.approx(share, abs=1e-12)
    assert np.all((curve.low >= 0) & (curve.low <= curve.share + 1e-12))
    assert np.all((curve.high <= 1) & (curve.high >= curve.share - 1e-12))
    assert list(curve.at_risk) == [sum(run.updates >= t for run in made) for t in at]


def test_a_textbook_example() -> None:
    """Remission under 6-MP (Freireich et al. 1963), whose curve and median are in most textbooks."""
    relapsed = runs(6, 6, 6, 7, 10, 13, 16, 22, 23)
    censored = runs(6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35, solved=False)
    found = Survival("6-MP", [*relapsed, *censored])
    share = dict(zip(found.curve.updates, found.curve.share, strict=True))
    published = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    assert {at: share[at] for at in published} == pytest.approx(published, abs=6e-4)
    assert found.median == 23


def test_none_is_solved() -> None:
    found = Survival("", runs(*[BUDGET] * 6, solved=False))
    assert (list(found.curve.updates), list(found.curve.share)) == ([BUDGET], [1.0])
    assert found.curve.low[0] == pytest.approx(0.025 ** (1 / 6)) and found.curve.high[0] == 1
    assert (found.solved, found.diverged, found.median) == (0, 0, math.inf)
    assert found.median_interval == (BUDGET, math.inf)


def test_all_are_solved_at_once() -> None:
    found = Survival("", runs(*[100.0] * 6))
    assert (list(found.curve.share), found.median) == ([0.0], 100)
    assert found.curve.low[0] == 0 and found.curve.high[0] == pytest.approx(1 - 0.025 ** (1 / 6))
    assert found.median_interval == (100, 100)


@pytest.mark.parametrize("solved", [True, False])
def test_one_run_has_no_interval(solved: bool) -> None:
    found = Survival("", runs(100, solved=solved))
    assert found.median == (100 if solved else math.inf)
    assert found.median_interval is None


def test_all_diverge() -> None:
    found = Survival("", runs(10, 20, 30, 40, 50, 60, solved=False, diverged=True))
    assert (found.n, found.solved, found.diverged, found.median, found.last) == (6, 0, 6, math.inf, 60)
    assert list(found.curve.share) == [1.0] * 6


def test_a_run_that_diverges_after_it_has_solved_the_task_has_solved_it() -> None:
    assert Survival("", runs(10, diverged=True)).diverged == 0


def test_half_is_reached_at_exactly_half() -> None:
    """1 - 1/6 - 1/6 - 1/6 is not 0.5 in floats."""
    assert Survival("", [*runs(100, 200, 300), *runs(*[BUDGET] * 3, solved=False)]).median == 300


@pytest.mark.parametrize("n", [6, 10, 30])
@pytest.mark.parametrize("share", [0.9, 0.5, 0.2])
def test_the_band_covers_95_of_100(n: int, share: float) -> None:
    """Exponential times, some runs censored at random before: at a fixed moment, where the share is known."""
    draw, rate = np.random.default_rng(n), 1 / 1000
    moment = -math.log(share) / rate
    covered = 0
    for _ in range(DRAWS):
        times, ends = draw.exponential(1 / rate, n), draw.exponential(8 / rate, n)
        made = [SolvingTime(min(t, c), bool(t <= c)) for t, c in zip(times, ends, strict=True)]
        curve = Survival("", made).curve
        i = np.searchsorted(curve.updates, moment, side="right") - 1
        low, high = (curve.low[i], curve.high[i]) if i >= 0 else (0.025 ** (1 / n), 1.0)
        covered += low <= share <= high
    assert covered / DRAWS >= 0.92


@pytest.mark.parametrize("n", [6, 20, 40])
@pytest.mark.parametrize("budget", [math.inf, 1.2])
def test_the_interval_of_the_median_covers_95_of_100(n: int, budget: float) -> None:
    draw, median, covered = np.random.default_rng(n), math.log(2), 0
    for _ in range(DRAWS):
        made = [SolvingTime(min(t, budget), bool(t <= budget)) for t in draw.exponential(1, n)]
        found = Survival("", made)
        assert found.median_interval is not None
        low, high = found.median_interval
        covered += low <= median <= high
    assert 0.92 <= covered / DRAWS <= 0.99


@pytest.mark.parametrize("n", range(6, 60))
def test_its_two_ranks_are_the_narrowest_that_are_sure_enough(n: int) -> None:
    found = Survival("", runs(*range(1, n + 1))).median_interval
    assert found is not None
    rank = int(found[0])
    assert found[1] == n + 1 - rank
    assert 2 * binom.cdf(rank - 1, n, 0.5) <= 0.05 < 2 * binom.cdf(rank, n, 0.5)


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_the_interval_of_a_share_covers_95_of_100_on_average(share: float) -> None:
    """Exactly, from the binomial distribution."""
    n = 60
    limits = [Survival("", [*runs(*[1.0] * k), *runs(*[2.0] * (n - k), solved=False)]).share_interval
              for k in range(n + 1)]  # fmt: skip
    covered = sum(binom.pmf(k, n, share) for k, (low, high) in enumerate(limits) if low <= share <= high)
    assert 0.92 <= covered <= 0.98


def pairs_by_hand(x: np.ndarray, t: np.ndarray, solved: np.ndarray) -> tuple[float, int]:
    agree, known = 0.0, 0
    for i in range(len(x)):
        for j in range(len(x)):
            if i != j and solved[i] and (t[i] < t[j] or (t[i] == t[j] and not solved[j])):
                known += 1
                agree += 1.0 if x[i] < x[j] else 0.5 if x[i] == x[j] else 0.0
    return (agree / known if known else math.nan), known


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5), st.booleans()), min_size=1, max_size=15))
def test_concordance_counts_the_pairs_whose_order_is_known(drawn: list[tuple[int, int, bool]]) -> None:
    x, t, solved = (np.array(column) for column in zip(*drawn, strict=True))
    share, known = pairs_by_hand(x, t, solved)
    found = concordance(x, t, solved)
    if not known or len(set(x)) == 1:
        assert found is None
        return
    assert found is not None
    assert (found.share, found.pairs, found.runs) == (pytest.approx(share), known, len(x))


def test_the_limits_of_concordance() -> None:
    """Twenty runs make ten pairs that have no run in common."""
    x, solved = np.arange(20.0), np.ones(20, dtype=bool)
    edge = 0.025 ** (1 / 10)
    for values, share, low, high in ((x, 1.0, edge, 1.0), (-x, 0.0, 0.0, 1 - edge)):
        found = concordance(values, x, solved)
        assert found is not None
        assert (found.share, found.low, found.high) == pytest.approx((share, low, high))
    assert concordance(x, x, ~solved) is None
    assert concordance(0 * x, x, solved) is None
    one_late = concordance(x, np.where(x == 19, 2.0, 1.0), solved)
    assert one_late is not None and (one_late.pairs, one_late.low) == (19, pytest.approx(0.025))


@pytest.mark.parametrize("n", [20, 60])
@pytest.mark.parametrize("slope", [0.0, 2.0])
def test_the_interval_of_concordance_covers_95_of_100(n: int, slope: float) -> None:
    """Exponential times of rate exp(-slope x), x uniform, censored at a budget.

    Of two with rates a and b the first is sooner with probability a / (a + b), whenever the sooner one is.
    """
    x = (np.arange(1000) + 0.5) / 1000
    a, b, budget = np.exp(-slope * x)[:, None], np.exp(-slope * x)[None], 2.0
    first = (x[:, None] < x[None]) * (1 - np.exp(-(a + b) * budget))
    truth = float((first * a / (a + b)).sum() / first.sum())
    draw, covered = np.random.default_rng(n), 0
    for _ in range(DRAWS):
        x = draw.random(n)
        t = draw.exponential(np.exp(slope * x))
        found = concordance(x, np.minimum(t, budget), t <= budget)
        assert found is not None
        covered += found.low <= truth <= found.high
    assert 0.92 <= covered / DRAWS <= 0.98
