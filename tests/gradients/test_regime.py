"""Regimes of networks whose truth is known by construction."""

import math

import pytest
import torch
from torch import Tensor

from unrolled.gradients.log_pass import log_pass
from unrolled.gradients.regime import Diagnosis, diagnose
from unrolled.rnn import RNN

B, E = 32, 3


def network(activation: str, hidden: int = 16, gain: float = 1.0, bias: float = 0.0, gaussian: bool = False) -> RNN:
    torch.manual_seed(0)
    rnn = RNN(E, hidden, activation).double()
    with torch.no_grad():
        if gaussian:
            rnn.W_h.normal_(std=hidden**-0.5)
        else:
            rnn.W_h.copy_(torch.linalg.qr(torch.randn(hidden, hidden, dtype=torch.float64))[0])
        rnn.W_h.mul_(gain)
        rnn.b.fill_(bias)
    return rnn


def diagnosed(rnn: RNN, T: int = 60, scale: float = 1.0, silent: int = 0) -> Diagnosis:
    draw = torch.Generator().manual_seed(1)
    x = scale * torch.randn(T, B, E, generator=draw, dtype=torch.float64)
    dh_T = torch.randn(B, rnn.hidden, generator=draw, dtype=torch.float64)
    dh_T[:silent] = 0
    mask = torch.ones(T, B, dtype=torch.bool)
    with torch.no_grad():
        h: Tensor = rnn(x)
    return diagnose(rnn, log_pass(rnn, x, h, dh_T, mask))


@pytest.mark.parametrize(("c", "regime"), [(0.8, "vanishing"), (1.0, "stable"), (1.2, "exploding")])
def test_a_linear_orthogonal_network_is_what_its_gain_says(c: float, regime: str) -> None:
    found = diagnosed(network("identity", gain=c))
    assert found.regime == regime
    assert found.slope is not None
    assert found.slope.mean == pytest.approx(math.log(c), abs=1e-9)
    lag = None if c == 1 else math.ceil(math.log(100) / abs(math.log(c)))
    assert found.horizon.lag == lag


@pytest.mark.parametrize("c", [0.8, 1.2])
def test_samples_that_are_classified_with_certainty_are_left_out(c: float) -> None:
    found = diagnosed(network("identity", gain=c), silent=B - 5)
    assert found.slope is not None
    assert found.slope.mean == pytest.approx(math.log(c), abs=1e-9)
    assert found.zeros == 0


def test_no_gradient_at_all_is_undecided() -> None:
    found = diagnosed(network("tanh"), silent=B)
    assert (found.regime, found.slope) == ("undecided", None)


@pytest.mark.parametrize("T", [1, 2, 7])
def test_short_sequences_are_undecided(T: int) -> None:
    assert diagnosed(network("identity", gain=0.5), T=T).regime == "undecided"


def test_units_that_are_off_are_dead() -> None:
    found = diagnosed(network("relu", bias=-100))
    assert (found.regime, found.zeros) == ("dead", 1)


def test_a_clipped_unit_is_saturated() -> None:
    assert diagnosed(network("hardtanh", bias=100)).regime == "saturated"


def test_a_flat_tanh_is_saturated_and_its_rounding_is_not_a_zero() -> None:
    found = diagnosed(network("tanh", bias=30))
    assert (found.regime, found.zeros) == ("saturated", 0)
    assert found.flat == 1
    assert found.slope is not None
    assert found.slope.mean < -40


def test_a_weak_tanh_vanishes_though_it_is_flat() -> None:
    """At f' = gamma it would vanish as well: that is not saturation."""
    assert diagnosed(network("tanh", gain=0.5, bias=30)).regime == "vanishing"


def test_a_relu_that_grows_explodes() -> None:
    """States and gradients of a homogeneous network grow alike: the state is not bounded."""
    found = [diagnosed(network("relu", hidden=64, gain=gain)).regime for gain in (2.2, 2.5, 3.0)]
    assert found == ["exploding"] * 3


def test_growth_beside_a_bounded_state_is_not_called_an_explosion() -> None:
    """g = 5 is chaos (SCIENCE A7: exponent .53); without that exponent the honest word is undecided."""
    found = diagnosed(network("tanh", hidden=128, gain=5, gaussian=True), T=100, scale=0.01)
    assert found.slope is not None
    assert found.slope.mean == pytest.approx(0.5324, rel=0.15)
    assert found.regime == "undecided"


def test_a_state_that_overflows_has_diverged() -> None:
    found = diagnosed(network("identity", gain=1e20), T=40)
    assert found.regime == "diverged"
    assert found.diverged_at is not None
    assert 10 < found.diverged_at < 20
    assert found.slope is None
