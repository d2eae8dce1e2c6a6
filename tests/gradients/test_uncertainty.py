"""The interval of a mean over time: how often it holds the truth, and what must be so for any values."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from conftest import some
from unrolled.bench.coverage import ARRANGEMENTS, LENGTHS, NOISES, coverage, noise_series
from unrolled.gradients.uncertainty import mean_over_time, quantile

DRAWS = 1000  # the share of 95 % then has a standard error of 0.7 %
LIMITS = {  # what docs/science.md names as known limits
    "32 samples, shared 0.2 of own": set(NOISES),
    "32 samples, as much shared as own": {"AR(1) 0.8", "AR(1) 0.9"},
    "one sample": {"AR(1) 0.9"},
    "8 samples, all noise shared": {"AR(1) 0.9"},
    "8 independent samples": {"fair coin"},
}
PROMISED = [
    (arrangement, noise, LENGTHS[(i + j) % 3])
    for i, arrangement in enumerate(ARRANGEMENTS)
    for j, noise in enumerate(NOISES)
    if noise not in LIMITS.get(arrangement, ())
]


@pytest.mark.parametrize(("arrangement", "noise", "n"), some(PROMISED, 3))
def test_the_95_percent_interval_holds_the_truth(arrangement: str, noise: str, n: int) -> None:
    assert 0.92 <= coverage(arrangement, noise, n, DRAWS) <= 0.98


def test_an_interval_that_counted_correlated_steps_as_independent_would_fail() -> None:
    """The test above can fail: for one correlated series s / sqrt(n) is far too small."""
    series = noise_series(0.8, 200, DRAWS, torch.Generator().manual_seed(1))
    covers = series.mean(0).abs() <= 1.96 * series.std(0) / math.sqrt(200)
    assert float(covers.double().mean()) < 0.6


@st.composite
def values(draw: st.DrawFn, least: int = 1) -> Tensor:
    """(n, B) of variance about 1, with gaps; every row and every column has a value."""
    n, B = draw(st.integers(2, 60)), draw(st.integers(least, 6))
    random = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    made = torch.randn(n, B, generator=random, dtype=torch.float64)
    if draw(st.booleans()):
        gaps = torch.rand(n, B, generator=random) < 0.3
        gaps[:, 0] = gaps[0] = False
        made[gaps] = torch.nan
    return made


@given(values(), st.floats(-1e3, 1e3).filter(lambda factor: abs(factor) > 1e-3), st.floats(-1e3, 1e3))
def test_it_scales_and_shifts_as_the_values_do(x: Tensor, factor: float, shift: float) -> None:
    """A negative factor turns the sign; a shift moves the mean alone."""
    before, after = mean_over_time(x), mean_over_time(factor * x + shift)
    rounding = 1e-9 * (abs(shift) + abs(factor))
    assert after.value == pytest.approx(factor * before.value + shift, rel=1e-6, abs=rounding)
    assert after.error == pytest.approx(abs(factor) * before.error, rel=1e-6, abs=rounding)
    assert after.degrees == pytest.approx(before.degrees, rel=1e-4)


@given(values())
def test_the_value_is_the_mean_over_time_of_the_means_over_samples(x: Tensor) -> None:
    rows = [[v for v in row if not math.isnan(v)] for row in x.tolist()]
    expected = sum(sum(row) / len(row) for row in rows) / len(rows)
    found = mean_over_time(x)
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert (found.steps, found.samples) == tuple(x.shape)


@given(values(2))
def test_the_order_of_the_samples_does_not_matter(x: Tensor) -> None:
    before, after = mean_over_time(x), mean_over_time(x.flip(1))
    assert after.value == pytest.approx(before.value, abs=1e-12)
    assert after.error == pytest.approx(before.error, rel=1e-9, abs=1e-12)


@given(st.integers(1, 60), st.integers(1, 6), st.integers(-1024, 1024), st.booleans())
def test_equal_values_leave_nothing_uncertain(n: int, B: int, eighths: int, constant: bool) -> None:
    found = mean_over_time(torch.full((n, B), eighths / 8, dtype=torch.float64), constant)
    assert found.value == eighths / 8
    assert found.error == found.half == 0
    assert found.reliable


@given(st.integers(2, 60), st.integers(2, 40), st.integers(0, 2**31))
def test_samples_that_differ_only_in_their_mean_have_the_textbook_error(n: int, B: int, seed: int) -> None:
    """Constant in time: s / sqrt(B), and Student's t with B - 1 degrees of freedom."""
    means = torch.randn(B, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    found = mean_over_time(means.expand(n, B), constant=True)
    assert found.error == pytest.approx(float(means.std()) / math.sqrt(B), rel=1e-9)
    assert found.degrees == pytest.approx(B - 1)


@given(st.integers(1, 9), st.floats(0.01, 100.0))
def test_two_steps_that_differ_are_no_certainty(B: int, apart: float) -> None:
    """One sample of two increments once had an error of 0. What two steps show is not printed as an interval."""
    found = mean_over_time(torch.tensor([[0.0] * B, [apart] * B], dtype=torch.float64))
    assert found.value == pytest.approx(apart / 2)
    assert found.half > apart
    assert not found.reliable


@pytest.mark.parametrize(
    ("degrees", "probability", "published"),
    [(1, 0.975, 12.706), (4, 0.975, 2.776), (30, 0.975, 2.042), (10, 0.99, 2.764), (1e6, 0.975, 1.960)],
)
def test_quantiles_are_those_of_the_printed_tables(degrees: float, probability: float, published: float) -> None:
    assert quantile(degrees, probability) == pytest.approx(published, abs=6e-4)
