"""Mean field and critical gains against closed forms, published values and iteration by hand, limits included."""

import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from unrolled.gradients import critical_gain, diagnose, mean_field
from unrolled.gradients.moments import square_table
from unrolled.rnn import ACTIVATIONS, RNN
from unrolled.rnn.activations import LEAK

CRITICAL = [(0, 1), (2.01e-5, 1.0500), (1e-3, 1.1892), (0.01, 1.4242), (0.05, 1.7610), (0.1, 1.9861), (0.5, 2.8432)]
LINEAR_BY_PARTS = {"relu": 0.5, "leaky_relu": 0.5 * (1 + LEAK**2), "identity": 1.0}  # E f^2 / q and E f'^2, at any q
AT_ZERO = LINEAR_BY_PARTS | {"tanh": 1.0, "softsign": 1.0, "hardtanh": 1.0, "gelu": 0.25}  # E f'^2 for q -> 0

COARSE, FINE = 6_001, 120_001  # points: where f' jumps the rule is off by the step times the normal density
variances = st.one_of(st.just(0.0), st.floats(1e-6, 3))


def by_hand(name: str, sigma_w2: float, sigma_b2: float, q: float, points: int = COARSE) -> tuple[float, float]:
    """One iteration of the map, and E f'^2 at q by differences of f: the trapezoid rule in numpy."""

    def f(a: np.ndarray) -> np.ndarray:
        return ACTIVATIONS[name].f(torch.from_numpy(a)).numpy()

    z = np.linspace(-12, 12, points)
    weight = np.exp(-z * z / 2) / np.exp(-z * z / 2).sum()
    a, step = math.sqrt(q) * z, 1e-6 * math.sqrt(q)
    slope = (f(a + step) - f(a - step)) / (2 * step) if step else np.zeros_like(a)
    return sigma_w2 * float(weight @ f(a) ** 2) + sigma_b2, float(weight @ slope**2)


@pytest.mark.parametrize(("sigma_b2", "sigma_w2"), CRITICAL)
def test_a8_the_critical_line_of_tanh(sigma_b2: float, sigma_w2: float) -> None:
    assert critical_gain("tanh", sigma_b2) ** 2 == pytest.approx(sigma_w2, abs=6e-5)
    assert mean_field("tanh", sigma_w2, sigma_b2).chi == pytest.approx(1, abs=1e-4)


@settings(max_examples=40, derandomize=True)
@given(st.one_of(st.just(0.0), st.floats(0.05, 1.9)), variances)
def test_what_is_linear_on_either_side_has_a_closed_form(sigma_w2: float, sigma_b2: float) -> None:
    """E relu^2 = q/2, E relu'^2 = 1/2; leaky ReLU adds LEAK^2 / 2 of each; identity has 1; also in the limit."""
    for name, half in LINEAR_BY_PARTS.items():
        found = mean_field(name, sigma_w2, sigma_b2)
        assert found.chi == pytest.approx(sigma_w2 * half, rel=1e-12)
        assume(abs(sigma_w2 * half - 1) > 1e-6)
        if sigma_w2 * half < 1 or sigma_b2 == 0 == sigma_w2:
            assert found.q == pytest.approx(sigma_b2 / (1 - sigma_w2 * half), rel=1e-9)
        else:
            assert found.q == math.inf
        assert not found.others or sigma_b2 == 0


@pytest.mark.parametrize("name", AT_ZERO)
@pytest.mark.parametrize("sigma_w2", [0.0, 0.3, 0.99])
def test_without_bias_or_input_chi_is_the_limit_of_small_q(name: str, sigma_w2: float) -> None:
    found = mean_field(name, sigma_w2, 0.0)
    assert found.q == 0
    assert found.chi == pytest.approx(sigma_w2 * AT_ZERO[name], rel=1e-9)
    near = mean_field(name, sigma_w2, 1e-10)
    assert near.q == pytest.approx(0, abs=1e-6)
    assert near.chi == pytest.approx(found.chi, rel=1e-3)


def test_sigmoid_is_never_silent() -> None:
    """f(0) = 1/2: q = sigma_w2 / 4 to first order, and 1/16 = f'(0)^2."""
    found = mean_field("sigmoid", 1e-6, 0.0)
    assert found.q == pytest.approx(1e-6 / 4, rel=1e-5)
    assert found.chi == pytest.approx(1e-6 / 16, rel=1e-5)
    assert mean_field("sigmoid", 0.0, 0.0)[:2] == (0, 0)


@settings(max_examples=30, derandomize=True)
@given(st.floats(0.1, 30), st.one_of(st.just(0.0), st.floats(0.001, 3)))
def test_hardtanh_has_a_closed_form(sigma_w2: float, sigma_b2: float) -> None:
    """E f'^2 = erf(u / sqrt 2) with u = 1 / sqrt(q)."""
    found = mean_field("hardtanh", sigma_w2, sigma_b2)
    if found.q == 0:
        assert sigma_w2 <= 1 + 1e-9
        assert found.chi == pytest.approx(sigma_w2, rel=1e-12)
        return
    u = 1 / math.sqrt(found.q)
    inside = math.erf(u / math.sqrt(2))
    square = found.q * (inside - u * math.sqrt(2 / math.pi) * math.exp(-u * u / 2)) + 1 - inside
    assert found.q == pytest.approx(sigma_w2 * square + sigma_b2, rel=1e-9)
    assert found.chi == pytest.approx(sigma_w2 * inside, rel=1e-9)


@settings(max_examples=40, derandomize=True)
@given(st.sampled_from(sorted(ACTIVATIONS)), st.one_of(st.just(0.0), st.floats(0.1, 6)), variances, variances)
def test_the_fixed_point_is_where_iterating_by_hand_ends(name: str, w2: float, b2: float, h2: float) -> None:
    """From the variance after the first step, whose initial state has mean square h2."""
    q0 = w2 * h2 + b2
    q, moved = q0 or 1e-9, math.inf
    for _ in range(300):
        after, _ = by_hand(name, w2, b2, q)
        moved, q = abs(after - q), after
        if q > 1e6 or moved < 1e-12 * q:
            break
    found = mean_field(name, w2, b2, q0)
    if q > 1e6:
        assert found.q == math.inf
        return
    assume(moved <= 1e-9 * q or q < 1e-12)  # slow: not there yet
    assert found.q == pytest.approx(q, rel=1e-3, abs=1e-6)
    if q > 1e-6:
        assert found.chi == pytest.approx(w2 * by_hand(name, w2, b2, q, FINE)[1], rel=2e-3)


@settings(max_examples=30, derandomize=True)
@given(st.sampled_from(sorted(ACTIVATIONS)), st.floats(0.1, 6), variances)
def test_other_fixed_points_are_fixed_stable_and_reached_from_elsewhere(name: str, w2: float, b2: float) -> None:
    for other in mean_field(name, w2, b2).others:
        if 0 < other.q < math.inf:
            assert by_hand(name, w2, b2, other.q)[0] == pytest.approx(other.q, rel=1e-4)
        start = min(other.q * 1.001, 1e8)
        assert mean_field(name, w2, b2, start).q == pytest.approx(other.q, rel=1e-9)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_map_grows_with_q(name: str) -> None:
    """The search for its fixed points rests on it; a new activation for which it does not needs another search."""
    _, squares = square_table(name)
    assert (np.diff(squares) >= -1e-14 * squares[1:]).all()


def test_gelu_has_two_fixed_points_and_a_network_goes_where_its_start_leads() -> None:
    """sigma_w 1.6, sigma_b .02: a network at h_0 = 0 stays small and vanishes, one from a large state grows."""
    found = mean_field("gelu", 1.6**2, 0.02**2)
    assert 0.5 * math.log(found.chi) == pytest.approx(-0.22, abs=0.01)
    (other,) = found.others
    assert other.q == math.inf
    assert other.chi == pytest.approx(1.6**2 / 2, rel=1e-4)
    draw = torch.Generator().manual_seed(0)
    rnn = RNN(1, 500, "gelu").double().requires_grad_(False)
    rnn.W_h.copy_(1.6 * torch.randn(500, 500, generator=draw, dtype=torch.float64) / math.sqrt(500))
    rnn.W_x.zero_()
    rnn.b.copy_(0.02 * torch.randn(500, generator=draw, dtype=torch.float64))
    silence = torch.zeros(60, 2, 1, dtype=torch.float64)
    small = diagnose(rnn, silence)
    large = diagnose(rnn, silence, 5 * torch.randn(2, 500, generator=draw, dtype=torch.float64))
    for diagnosis in (small, large):
        assert diagnosis.slope == pytest.approx(diagnosis.predictions.mean_field, abs=0.05)
    assert large.predictions.mean_field > 0.1
    assert small.predictions.mean_field_other == pytest.approx(large.predictions.mean_field, abs=1e-3)


@pytest.mark.parametrize("scale", [0.0, 1.0])
def test_a_free_relu_network_gets_the_limit(scale: float) -> None:
    """No bias, no input: chi = sigma_w^2 / 2, where it one at exactly q = 0 would be 0."""
    rnn = RNN(1, 400, "relu").double().requires_grad_(False)
    draw = torch.Generator().manual_seed(1)
    rnn.W_h.copy_(1.2 * torch.randn(400, 400, generator=draw, dtype=torch.float64) / 20)
    for each in (rnn.W_x, rnn.b):
        each.zero_()
    start = scale * torch.randn(4, 400, generator=draw, dtype=torch.float64)
    predicted = diagnose(rnn, torch.zeros(40, 4, 1, dtype=torch.float64), start).predictions.mean_field
    assert predicted == pytest.approx(0.5 * math.log(float(rnn.W_h.square().sum() / 400) / 2), rel=1e-9)


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


def test_a_sharp_f_is_resolved_by_the_quadrature() -> None:
    """gain 100: f' of tanh lives on 1 % of the bell; E sech^4(s z) -> 4/3 / (s sqrt(2 pi)) for large s."""
    found = mean_field("tanh", 1e4, 0.0)
    expected = 1e4 * (4 / 3) / math.sqrt(2 * math.pi * found.q)
    assert found.chi == pytest.approx(expected, rel=1e-3)


def test_a_huge_variance_does_not_make_a_bounded_f_grow_without_end() -> None:
    found = mean_field("tanh", 4.0, 1e12)
    assert found.q == pytest.approx(1e12 + 4, rel=1e-9)
    assert found.chi == pytest.approx(4 * (4 / 3) / math.sqrt(2 * math.pi * 1e12), rel=1e-3)


@pytest.mark.parametrize("name", ACTIVATIONS)
@settings(max_examples=3, derandomize=True)
@given(sigma_b2=st.one_of(st.just(0.0), st.floats(1e-6, 5)))
def test_at_a_critical_gain_chi_is_1_on_both_sides_or_there_is_none(name: str, sigma_b2: float) -> None:
    try:
        gain = critical_gain(name, sigma_b2)
    except ValueError as error:
        assert name == "gelu", error
        assert "chi jumps from" in str(error)
        return
    for side in (0.999999, 1.0, 1.000001):
        assert mean_field(name, (side * gain) ** 2, sigma_b2).chi == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "identity", "softsign", "tanh", "hardtanh"])
def test_critical_gains_without_bias(name: str) -> None:
    """sigma_w^2 E f'^2 = 1 at q -> 0."""
    assert critical_gain(name) == pytest.approx(AT_ZERO[name] ** -0.5, abs=1e-6)


@pytest.mark.parametrize(("sigma_b2", "sides"), [(0.0, "from 1.000 to 2.000"), (0.01, "from 0.931 to 1.547")])
def test_where_chi_jumps_over_1_there_is_no_critical_gain(sigma_b2: float, sides: str) -> None:
    """gelu: small states carry on with f' = 1/2 until they grow without end, where E f'^2 is 1/2."""
    with pytest.raises(ValueError, match=rf"gelu has no critical gain at sigma_b2={sigma_b2:g}: .* jumps {sides}"):
        critical_gain("gelu", sigma_b2)


def test_what_is_wrong_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown activation 'tan'; allowed: tanh"):
        mean_field("tan", 1.0, 0.0)
    with pytest.raises(ValueError, match=r"sigma_w2=-1.0.*at least 0"):
        mean_field("tanh", -1.0, 0.0)
    with pytest.raises(ValueError, match=r"q0=-1.0: variances are at least 0"):
        mean_field("tanh", 1.0, 0.0, -1.0)
