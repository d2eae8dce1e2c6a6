"""Mean field and critical gains, against closed forms and published values."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unrolled.gradients import critical_gain, mean_field
from unrolled.rnn import ACTIVATIONS
from unrolled.rnn.activations import LEAK

CRITICAL = [(0, 1), (2.01e-5, 1.0500), (1e-3, 1.1892), (0.01, 1.4242), (0.05, 1.7610), (0.1, 1.9861), (0.5, 2.8432)]


@pytest.mark.parametrize(("sigma_b2", "sigma_w2"), CRITICAL)
def test_a8_the_critical_line_of_tanh(sigma_b2: float, sigma_w2: float) -> None:
    assert critical_gain("tanh", sigma_b2) ** 2 == pytest.approx(sigma_w2, abs=6e-5)
    assert mean_field("tanh", sigma_w2, sigma_b2).chi == pytest.approx(1, abs=1e-4)


@settings(deadline=None, max_examples=30, derandomize=True)
@given(st.floats(0.05, 1.9), st.floats(0.01, 3))
def test_relu_and_its_leaky_kin_have_a_closed_form(sigma_w2: float, sigma_b2: float) -> None:
    """E relu^2 = q/2, E relu'^2 = 1/2; leaky ReLU adds LEAK^2 / 2 of each; identity has 1."""
    for name, half in (("relu", 0.5), ("leaky_relu", 0.5 * (1 + LEAK**2)), ("identity", 1.0)):
        found = mean_field(name, sigma_w2, sigma_b2)
        assert found.chi == pytest.approx(sigma_w2 * half, rel=1e-12)
        if sigma_w2 * half < 1:
            assert found.q == pytest.approx(sigma_b2 / (1 - sigma_w2 * half), rel=1e-9)
        else:
            assert found.q == math.inf


@settings(deadline=None, max_examples=30, derandomize=True)
@given(st.floats(0.1, 30), st.floats(0.001, 3))
def test_hardtanh_has_a_closed_form(sigma_w2: float, sigma_b2: float) -> None:
    """E f'^2 = erf(u / sqrt 2) with u = 1 / sqrt(q)."""
    found = mean_field("hardtanh", sigma_w2, sigma_b2)
    u = 1 / math.sqrt(found.q)
    inside = math.erf(u / math.sqrt(2))
    square = found.q * (inside - u * math.sqrt(2 / math.pi) * math.exp(-u * u / 2)) + 1 - inside
    assert found.q == pytest.approx(sigma_w2 * square + sigma_b2, rel=1e-9)
    assert found.chi == pytest.approx(sigma_w2 * inside, rel=1e-9)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize(("sigma_w2", "sigma_b2"), [(0.5, 0.3), (1.2, 1.0), (3.0, 0.1), (60.0, 0.5)])
def test_every_activation_against_a_million_draws(name: str, sigma_w2: float, sigma_b2: float) -> None:
    """The equations themselves, by Monte Carlo at the q that was found."""
    found, f = mean_field(name, sigma_w2, sigma_b2), ACTIVATIONS[name]
    if found.q == math.inf:
        assert f.bounded is False
        return
    a = math.sqrt(found.q) * torch.randn(10**6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert sigma_w2 * float(f.f(a).square().mean()) + sigma_b2 == pytest.approx(found.q, rel=0.01)
    assert sigma_w2 * float(f.derivative_at(a).square().mean()) == pytest.approx(found.chi, rel=0.01)


def test_a_sharp_f_is_seen_by_the_quadrature() -> None:
    """gain 100: f' of tanh lives on 1 % of the bell; E sech^4(s z) -> 4/3 / (s sqrt(2 pi)) for large s."""
    found = mean_field("tanh", 1e4, 0.0)
    expected = 1e4 * (4 / 3) / math.sqrt(2 * math.pi * found.q)
    assert found.chi == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "gain"), [("relu", math.sqrt(2)), ("identity", 1.0), ("softsign", 1.0), ("tanh", 1.0)]
)
def test_critical_gains_without_bias(name: str, gain: float) -> None:
    assert critical_gain(name) == pytest.approx(gain, abs=1e-6)


def test_what_is_wrong_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown activation 'tan'; allowed: tanh"):
        mean_field("tan", 1.0, 0.0)
    with pytest.raises(ValueError, match=r"sigma_w2=-1.0.*at least 0"):
        mean_field("tanh", -1.0, 0.0)
