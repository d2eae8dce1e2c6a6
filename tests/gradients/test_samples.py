"""Shares of samples that change tenfold up and down."""

import math

import pytest
import torch

from unrolled.gradients.samples import shares
from unrolled.gradients.slope import by_lag


def counted(rates: torch.Tensor, T: int = 40, noise: float = 0.0, zeros: int = 0):
    draw = torch.Generator().manual_seed(0)
    steps = rates + noise * torch.randn(T, len(rates), generator=draw, dtype=torch.float64)
    values = steps.cumsum(0).flip(0)
    return shares(by_lag(values, torch.ones(values.shape, dtype=torch.bool)), zeros, constant=False)


@pytest.mark.parametrize(("up", "mixed"), [(0, False), (4, True), (20, True), (36, True), (40, False)])
def test_a_tenth_on_either_side_is_mixed(up: int, mixed: bool) -> None:
    rates = torch.where(torch.arange(40) < up, 0.3, -0.3).double()
    found = counted(rates, noise=0.1)
    assert (found.up, found.down) == (pytest.approx(up / 40), pytest.approx(1 - up / 40))
    assert found.mixed == mixed


def test_less_than_tenfold_is_neither() -> None:
    rates = torch.linspace(-1, 1, 40, dtype=torch.float64) * math.log(10) / 40
    assert (counted(rates).up, counted(rates).down) == (0, 0)


def test_noise_alone_is_no_kind() -> None:
    """Random walks of one kind spread tenfold up and down."""
    found = counted(torch.zeros(128, dtype=torch.float64), T=400, noise=0.3)
    assert not found.mixed


def test_a_gradient_that_is_exactly_zero_has_fallen() -> None:
    found = counted(torch.full((30,), 0.5, dtype=torch.float64), zeros=10)
    assert (found.up, found.down, found.mixed) == (0.75, 0.25, True)


def test_one_sample_alone_is_not_mixed() -> None:
    assert not counted(torch.full((1,), 0.5, dtype=torch.float64)).mixed
