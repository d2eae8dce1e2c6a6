"""Slope and horizon of constructed norms, whose answer is known."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from unrolled.gradients.slope import by_lag, horizon, slope


def line(rate: float, steps: int = 40, batch: int = 12) -> Tensor:
    """Makes ln norms (T, B), in order of time, that move by `rate` a lag from a level of each sample's own."""
    lags = torch.arange(steps - 1, -1, -1, dtype=torch.float64).unsqueeze(1)
    return rate * lags + torch.linspace(-3, 3, batch, dtype=torch.float64)


def real(steps: int, lengths: list[int]) -> Tensor:
    return torch.arange(steps).unsqueeze(1) >= steps - torch.tensor(lengths)


def everywhere(values: Tensor) -> Tensor:
    return torch.ones(values.shape, dtype=torch.bool)


@settings(max_examples=50)
@given(st.floats(-30, 30), st.integers(8, 120), st.integers(1, 30))
def test_a_line_has_its_slope_and_no_error(rate: float, steps: int, batch: int) -> None:
    values = line(rate, steps, batch)
    found = slope(by_lag(values, everywhere(values)))
    assert found is not None
    assert found.value == pytest.approx(rate, abs=1e-10)
    assert found.error < 1e-10


def test_length_does_not_mix_with_lag() -> None:
    """Short sentences have gradients a million times larger: a plain mean over samples falls where they end."""
    values, lengths = line(-0.3, 40, 30), [10] * 15 + [40] * 15
    values[:, :15] += math.log(1e6)
    lags = by_lag(values, real(40, lengths))
    found = slope(lags)
    assert found is not None
    assert found.value == pytest.approx(-0.3, abs=1e-10)
    torch.testing.assert_close(lags.mean, line(-0.3, 40, 30)[:, 0].flip(0) + 3, rtol=1e-10, atol=1e-10)
    naive = torch.where(real(40, lengths), values, torch.nan).nanmean(1).flip(0)
    assert float(naive[20] - naive[5]) < -0.3 * 15 - 5  # what it would have been


def test_the_reach_is_what_half_of_the_samples_have() -> None:
    values = line(-1, 30, 10)
    assert by_lag(values, real(30, [5] * 5 + [20] * 4 + [30])).reach == 20
    assert by_lag(values, real(30, [5] * 6 + [20] * 4)).reach == 5


def test_the_first_lag_and_the_first_fifth_of_the_states_are_left_out() -> None:
    values = line(-1, 40, 12)
    values[:8] += 100  # states before T/5
    values[-1] += 50  # the first lag
    found = slope(by_lag(values, everywhere(values)))
    assert found is not None
    assert found.value == pytest.approx(-1)


def test_the_error_is_that_of_the_noise() -> None:
    """Independent increments of sd 1: over 38 - 8 lags and 400 samples the slope's error is about 1/sqrt(30 * 400)."""
    draw = torch.Generator().manual_seed(0)
    values = torch.randn(40, 400, generator=draw, dtype=torch.float64).cumsum(0)
    found = slope(by_lag(values, everywhere(values)))
    assert found is not None
    expected = 1 / math.sqrt(30 * 400)
    assert expected / 2 < found.error < expected * 2
    assert abs(found.value) < 5 * expected


@pytest.mark.parametrize(
    ("rate", "lag", "direction"), [(-1.0, 5, "down"), (1.0, 5, "up"), (-math.log(100), 1, "down"), (0.1, None, None)]
)
def test_the_horizon_is_the_first_lag_with_a_factor_of_100(rate: float, lag: int | None, direction: str | None) -> None:
    values = line(rate * (1 + 1e-12))
    found = horizon(by_lag(values, everywhere(values)))
    assert (found.lag, found.direction) == (lag, direction)


def test_the_horizon_needs_ten_samples() -> None:
    values = line(-1, 40, 20)
    assert horizon(by_lag(values, real(40, [5] * 11 + [40] * 9))).lag is None
    assert horizon(by_lag(values, real(40, [5] * 10 + [40] * 10))).lag == 5


def test_too_little_is_no_slope() -> None:
    for steps in (1, 2, 3):
        values = line(-1, steps)
        assert slope(by_lag(values, everywhere(values))) is None
    nothing = torch.zeros(10, 0, dtype=torch.float64)
    assert slope(by_lag(nothing, everywhere(nothing))) is None


def test_exact_zeros_are_no_part_of_an_increment() -> None:
    values = line(-0.5, 40, 12)
    values[:10, 0] = -math.inf
    found = slope(by_lag(values, everywhere(values)))
    assert found is not None
    assert found.value == pytest.approx(-0.5)


def test_a_lag_with_fewer_than_ten_samples_is_not_used_however_few_live() -> None:
    values = line(-1, 40, 128)
    values[:, 8:] = -math.inf
    lags = by_lag(values[:, :8], everywhere(values[:, :8]), samples=128)
    assert not lags.enough.any()
    assert slope(lags) is None
    assert horizon(lags).lag is None
    assert slope(by_lag(values[:, :8], everywhere(values[:, :8]))) is not None  # a batch of 8 in all


@settings(max_examples=40)
@given(st.integers(2, 8), st.integers(0, 7), st.floats(-0.5, 0.5), st.integers(0, 2**31))
def test_where_a_window_ends_within_a_cycle_does_not_count(period: int, phase: int, rate: float, seed: int) -> None:
    """Heights that repeat every `period` lags, 10 nats high, on a line."""
    heights = 10 * torch.rand(period, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    lags = torch.arange(99, -1, -1, dtype=torch.float64)
    values = (rate * lags + heights[(lags.long() + phase) % period]).unsqueeze(1).expand(100, 12)
    found = slope(by_lag(values, everywhere(values)))
    assert found is not None
    assert found.value == pytest.approx(rate, abs=1e-9)
