"""`diagnose` on networks whose regime is known by construction, and on random ones judged by a long exponent."""

from collections import Counter

import pytest

from unrolled.bench.networks import Case, constructed
from unrolled.bench.populations import drawn, judged
from unrolled.gradients import REGIMES, diagnose

CASES = constructed()


@pytest.fixture(scope="module")
def found() -> list[tuple[Case, str]]:
    return [(case, diagnose(case.rnn, case.x, case.h0).regime) for case in CASES]


def test_the_suite_is_what_it_says() -> None:
    assert len(CASES) >= 300
    assert {case.truth for case in CASES} == set(REGIMES) - {"undecided"}
    assert {case.rnn.hidden for case in CASES} >= {2, 256}
    assert {len(case.x) for case in CASES} >= {10, 500}


def test_95_percent_are_right_and_85_of_every_regime(found: list[tuple[Case, str]]) -> None:
    right = Counter(case.truth for case, label in found if label == case.truth)
    total = Counter(case.truth for case, _ in found)
    assert right.total() >= 0.95 * len(found)
    for truth, n in total.items():
        assert right[truth] >= 0.85 * n, truth


def test_what_is_not_right_is_mostly_undecided(found: list[tuple[Case, str]]) -> None:
    wrong = [(case.why, label) for case, label in found if label not in (case.truth, "undecided")]
    assert len(wrong) <= 0.02 * len(found), wrong


def test_random_networks_agree_with_a_long_exponent() -> None:
    told = [judged(each) for each in drawn(40, seed=7)]
    wrong = [each for each in told if each[2] is False]
    assert len(wrong) <= 0.05 * len(told), wrong
    assert sum(right is True for *_, right in told) >= 0.7 * len(told)


@pytest.mark.long
def test_many_random_networks_agree_with_a_long_exponent() -> None:
    told = [judged(each) for each in drawn(1000, seed=11)]
    assert sum(right is False for *_, right in told) <= 0.05 * len(told)
