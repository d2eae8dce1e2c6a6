"""f' and gamma of every activation, against autograd and closed forms."""

import math

import pytest
import torch

from unrolled.config.files import choices
from unrolled.rnn import ACTIVATIONS
from unrolled.rnn.activations import activation

A = torch.linspace(-12, 12, 24_002, dtype=torch.float64)  # misses 0 and +-1, where relu and hardtanh have a kink


@pytest.fixture(params=ACTIVATIONS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def slope_by_autograd(name: str) -> torch.Tensor:
    a = A.clone().requires_grad_()
    (slope,) = torch.autograd.grad((ACTIVATIONS[name].f(a) * 1.0).sum(), a)
    return slope


def test_the_derivative_is_autograds(name: str) -> None:
    torch.testing.assert_close(ACTIVATIONS[name].derivative_at(A), slope_by_autograd(name), rtol=1e-7, atol=1e-13)


def test_its_logarithm_is_the_logarithm_of_autograds(name: str) -> None:
    expected = slope_by_autograd(name).abs()
    near = (A.abs() < 8) & (expected > 1e-7)  # autograd too loses the digits of 1 - tanh^2, and gelu' crosses 0
    expected = expected[near].log()
    torch.testing.assert_close(ACTIVATIONS[name].log_abs_derivative_at(A)[near], expected, rtol=1e-6, atol=1e-8)


def test_gamma_is_the_supremum_of_the_slope(name: str) -> None:
    largest = slope_by_autograd(name).abs().max()
    assert largest <= ACTIVATIONS[name].gamma * (1 + 1e-12)
    assert largest > ACTIVATIONS[name].gamma * (1 - 1e-3)


def test_bounded_means_a_bounded_range(name: str) -> None:
    far = torch.tensor([-1e9, 1e9], dtype=torch.float64)
    assert ACTIVATIONS[name].bounded == bool((ACTIVATIONS[name].f(far).abs() < 1e3).all())


def test_in_place_is_the_same_function(name: str) -> None:
    f = ACTIVATIONS[name]
    if f.in_place is not None:
        assert torch.equal(f.in_place(A.clone()), f.f(A))


def test_every_activation_can_be_chosen() -> None:
    assert choices()["activation"] == sorted(ACTIVATIONS)


def test_far_out_the_logarithm_does_not_round_to_minus_infinity() -> None:
    far = torch.tensor([-800.0, 40.0], dtype=torch.float64)
    tanh = ACTIVATIONS["tanh"].log_abs_derivative_at(far)
    assert tanh.tolist() == pytest.approx([2 * math.log(2) - 1600, 2 * math.log(2) - 80])
    assert ACTIVATIONS["sigmoid"].log_abs_derivative_at(far).tolist() == pytest.approx([-800, -40])
    assert ACTIVATIONS["softsign"].log_abs_derivative_at(far)[0] == pytest.approx(-2 * math.log(801))
    assert ACTIVATIONS["relu"].log_abs_derivative_at(far).tolist() == [-math.inf, 0]


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown activation 'tahn'; allowed: tanh, relu, sigmoid, identity"):
        activation("tahn")
