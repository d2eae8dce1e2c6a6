"""Numbers as text: as many digits as they deserve."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from unrolled.digits import counted, exact, factor, interval, number, score


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (-2712435.33, "+z.3f", "-2.71e+06"),
        (-611559875060550.0, "+z.3f", "-6.12e+14"),
        (9999.0, "z.1f", "9999.0"),
        (12345, "d", "12345"),
        (math.inf, "+z.3f", "+inf"),
        (None, "z.3f", "-"),
    ],
)
def test_a_number_does_not_fill_the_line(value: float | None, form: str, text: str) -> None:
    assert number(value, form) == text


@pytest.mark.parametrize(
    ("value", "half", "text"),
    [
        (-0.37312, 0.11209, "-0.37 +- 0.11"),
        (-0.37312, 0.01209, "-0.373 +- 0.012"),
        (0.1, 0.0, "+0.100 +- 0.000"),
        (-2712435.33, 1872552.256, "-2.71e+06 +- 1.87e+06"),
        (12.34, 56.7, "+12 +- 57"),
        (0.5, math.nan, "+0.500 +- nan"),
    ],
)
def test_a_value_has_the_digits_of_its_interval(value: float, half: float, text: str) -> None:
    assert interval(value, half) == text


@pytest.mark.parametrize(
    ("ln", "text"),
    [
        (0.0, "1"),
        (math.log(0.5), "0.5"),
        (-2712435.33, "10^-1.18e+06"),
        (800.0, "10^347.4"),
        (-10.0, "10^-4.3"),
        (math.log(4785.2), "4,785"),
    ],
)
def test_a_factor_is_never_printed_as_0(ln: float, text: str) -> None:
    assert factor(ln) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.582938, "0.583"), (0.000412, "0.000412"), (0.0, "0.000"), (2.5e6, "2.50e+06"), (123.4, "123"), (None, "-")],
)
def test_a_score_has_three_digits(value: float | None, text: str) -> None:
    assert score(value) == text


def test_one_is_singular() -> None:
    assert [counted(n, "updates") for n in (0, 1, 2)] == ["0 updates", "1 update", "2 updates"]


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
@example(1234567.0, 1234568.0)
@example(0.1, 0.1 + 2e-17)
def test_different_numbers_have_different_texts_and_whole_ones_no_decimals(one: float, other: float) -> None:
    assert (exact(one) == exact(other)) is (one == other)
    assert float(exact(one)) == one and ("." in exact(one)) <= (one != round(one, 0))
