"""The sentences of pages: data in, sentence out. Every range names its values, every mean its interval and n."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.report.intervals import Difference, Estimate, Share
from unrolled.report.verdict.phrases import difference, digits, estimate, listed, plain, share, tried

NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


@pytest.mark.parametrize(
    ("key", "values", "sentence"),
    [
        ("init.gain", [0.5], "at gain 0.5"),
        ("init.gain", [0.5, 1.0], "at gain 0.5 and 1.0"),
        ("init.gain", [0.5, 1.0, 1.5], "at gain 0.5, 1.0 and 1.5"),
        ("seed", list(range(9)), "at the 9 values of seed from 0 to 8"),
        ("trainer.gradient_clip_val", [None, 1.0], "at gradient_clip_val null and 1.0"),
    ],
)
def test_the_values_tried_are_named(key: str, values: list, sentence: str) -> None:
    assert tried(key, values) == sentence


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ((), "no value"),
        ((0.5,), "0.5 (1 run)"),
        ((0.51234, 0.61234), "0.512 and 0.612 (2 runs)"),
        ((0.5, 0.6, 0.7), "0.60 (0.35 to 0.85, 3 runs)"),  # t(2) = 4.303, sd .1: half .248
        ((1.0, 1.0, 1.0), "1 (1 to 1, 3 runs)"),
        ((-2712435.0, -2712436.0, -2712437.0), "-2.71e+06 (-2.71e+06 to -2.71e+06, 3 runs)"),
    ],
)
def test_a_mean_has_its_interval_and_n(values: tuple[float, ...], sentence: str) -> None:
    assert estimate(Estimate(values)) == sentence


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ((0.9, 0.95, 1.0), "0.95 (0.83 to 1.00, 3 runs)"),  # t(2) = 4.303, sd .05: half .124, so .826 to 1.074
        ((0.0, 0.05, 0.1), "0.05 (0.00 to 0.17, 3 runs)"),
        ((0.1, 0.9, 1.0), "0.1, 0.9 and 1 (3 runs)"),  # half 1.23: no value between 0 and 1 is left out
    ],
)
def test_the_interval_of_a_share_stays_within_0_and_1(values: tuple[float, ...], sentence: str) -> None:
    assert estimate(Estimate(values), (0.0, 1.0)) == sentence


@pytest.mark.parametrize(
    ("count", "n", "sentence"),
    [
        (18, 20, "18 of 20, 0.70 to 0.97"),  # Wilson: .6990 to .9721
        (0, 6, "0 of 6, 0.00 to 0.39"),
        (0, 0, "0 of 0, 0.00 to 1.00"),
    ],
)
def test_a_share_has_its_interval(count: int, n: int, sentence: str) -> None:
    assert share(Share(count, n)) == sentence


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ((), "No two runs can be compared between a and b"),
        ((0.1,), "a minus b: +0.1 score (1 pair of runs, too few for an interval)"),
        ((0.1, 0.2), "a minus b: +0.1, +0.2 score (2 pairs of runs, too few for an interval)"),
        ((0.1, 0.2, 0.3), "No difference between a and b is certain: +0.20 score "
         "(95 % interval -0.05 to +0.45, 3 pairs of runs)"),
        ((0.19, 0.2, 0.21), "a is above b: +0.200 score (95 % interval +0.175 to +0.225, 3 pairs of runs)"),
        ((-0.19, -0.2, -0.21), "a is below b: -0.200 score (95 % interval -0.225 to -0.175, 3 pairs of runs)"),
    ],
)  # fmt: skip
def test_a_difference_is_certain_if_its_interval_leaves_out_0(values: tuple[float, ...], sentence: str) -> None:
    assert difference(Difference(values), "a", "b", "score") == sentence


@pytest.mark.parametrize(
    ("sign", "larger_is_better", "word"),
    [(1, True, "better than"), (1, False, "worse than"), (-1, True, "worse than"), (-1, False, "better than")],
)
def test_a_difference_of_scores_says_which_is_better(sign: int, larger_is_better: bool, word: str) -> None:
    found = Difference(tuple(sign * value for value in (0.19, 0.2, 0.21)))
    assert difference(found, "a", "b", "score", larger_is_better).startswith(f"a is {word} b: {0.2 * sign:+.3f} score")


@given(st.lists(st.floats(-1e4, 1e4, allow_subnormal=False), min_size=3, max_size=12))
def test_the_words_follow_from_the_numbers(values: list[float]) -> None:
    """Whatever the digits, "above" is said only where the mean minus t s / sqrt(n) is above 0, by numpy alone."""
    n = len(values)
    t = {3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262, 11: 2.228, 12: 2.201}[n]
    half = t * np.std(values, ddof=1) / math.sqrt(n)
    margin = abs(abs(np.mean(values)) - half)
    if margin < 1e-3 * (half + 1e-12):
        return
    words = difference(Difference(tuple(values)), "a", "b", "x")
    assert words.startswith("No difference") == (abs(np.mean(values)) < half)


@given(st.floats(1e-7, 1e4), st.floats(-1e4, 1e4))
def test_the_digits_show_two_digits_of_the_interval(half: float, value: float) -> None:
    shown = float(plain(value, half))
    assert abs(shown - value) <= 0.06 * half + 1e-8
    assert digits(half) == max(0, 1 - math.floor(math.log10(half)))


@given(st.lists(st.sampled_from(["a", "b"]), max_size=5))
def test_a_list_names_each_word_once(words: list[str]) -> None:
    assert re.findall(r"\b[ab]\b", listed(words).replace(" and ", ", ")) == words
    assert listed(words).count(" and ") == (len(words) > 1)
