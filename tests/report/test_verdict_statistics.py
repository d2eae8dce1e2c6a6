"""Intervals against published values and closed forms."""

import math

import numpy as np
import pytest

from unrolled.report.intervals import Difference, Estimate, Share, differ
from unrolled.report.verdict.rank import interval


def test_students_interval() -> None:
    """Table of Student (1908) and every textbook: t(0.975; 9) = 2.262, t(0.975; 2) = 4.303."""
    values = tuple(float(x) for x in range(10))
    half = 2.262157 * np.std(values, ddof=1) / math.sqrt(10)
    assert Estimate(values).half == pytest.approx(half, rel=1e-6)
    assert Estimate(values[:2]).half is None and Estimate(()).half is None
    assert Estimate((2.0, 2.0, 2.0)).half == 0


def test_an_interval_that_holds_for_several_differences_is_wider() -> None:
    """Bonferroni: of 5 comparisons each is at 99 %; t(0.995; 2) = 9.925."""
    values = (0.0, 1.0, 2.0)
    assert Difference(values, 5).half == pytest.approx(9.924843 / math.sqrt(3), rel=1e-6)


@pytest.mark.parametrize(("count", "n"), [(0, 10), (3, 10), (10, 10), (18, 20)])
def test_wilsons_interval(count: int, n: int) -> None:
    """The roots p of (p - k/n)^2 = z^2 p (1 - p) / n (Wilson 1927)."""
    z, share = 1.959963985, count / n
    roots = sorted(np.roots([1 + z * z / n, -2 * share - z * z / n, share * share]))
    assert Share(count, n).interval == pytest.approx([max(0.0, roots[0]), min(1.0, roots[1])], abs=1e-6)


def test_fishers_exact_test() -> None:
    """Fisher's lady (1935): 4 of 4 against 0 of 4 has p = 2/70; 3 of 4 against 1 of 4 has 34/70."""
    assert differ(Share(4, 4), Share(0, 4)) and not differ(Share(4, 4), Share(0, 4), comparisons=2)
    assert not differ(Share(3, 4), Share(1, 4))
    assert not differ(Share(0, 0), Share(4, 4))


def test_the_interval_of_a_rank_correlation() -> None:
    """Fieller et al. (1957): the variance of atanh(rho) is 1.06 / (n - 3)."""
    low, high = interval(0.5, 39)
    assert (math.atanh(low), math.atanh(high)) == pytest.approx(
        [math.atanh(0.5) - 1.959964 * math.sqrt(1.06 / 36), math.atanh(0.5) + 1.959964 * math.sqrt(1.06 / 36)]
    )
    assert interval(1.0, 10) == (1.0, 1.0)
