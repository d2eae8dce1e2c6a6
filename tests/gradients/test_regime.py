"""Regimes of networks whose truth is known by construction."""

import math

import pytest
import torch

from unrolled.gradients import Diagnosis, diagnose
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
    return diagnose(rnn, x, dh_T=dh_T)


@pytest.mark.parametrize(("c", "regime"), [(0.8, "vanishing"), (1.0, "stable"), (1.2, "exploding")])
def test_a_linear_orthogonal_network_is_what_its_gain_says(c: float, regime: str) -> None:
    found = diagnosed(network("identity", gain=c))
    assert found.regime == regime
    assert found.slope is not None
    assert found.slope == pytest.approx(math.log(c), abs=1e-9)
    lag = None if c == 1 else math.ceil(math.log(100) / abs(math.log(c)))
    assert found.horizon.lag == lag


@pytest.mark.parametrize("c", [0.8, 1.2])
def test_samples_that_are_classified_with_certainty_are_left_out(c: float) -> None:
    found = diagnosed(network("identity", gain=c), silent=B - 5)
    assert found.slope is not None
    assert found.slope == pytest.approx(math.log(c), abs=1e-9)
    assert found.zeros == 0


def test_no_gradient_at_all_is_undecided() -> None:
    found = diagnosed(network("tanh"), silent=B)
    assert (found.regime, found.slope) == ("undecided", None)


@pytest.mark.parametrize("T", [1, 2, 7])
def test_short_sequences_are_undecided(T: int) -> None:
    found = diagnosed(network("identity", gain=0.5), T=T)
    assert found.regime == "undecided"
    assert f"the sequences have {T} time step" in found.reason and "a regime needs 8" in found.reason


def test_of_samples_that_differ_in_length_it_is_counted_how_many_are_long_enough() -> None:
    T = 12
    lengths = torch.tensor([3, 4, 5, 6, 6, 12, 8, 7])
    mask = torch.arange(T).unsqueeze(1) >= T - lengths
    x = torch.randn(T, len(lengths), E, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = diagnose(network("identity", gain=0.5), x, mask=mask)
    assert found.regime == "undecided"
    counted = f"{int((lengths >= 8).sum())} of {len(lengths)} samples have the 8 time steps that a regime needs"
    assert found.reason == f"{counted}, and half of them must; half have at most 6"


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
    assert found.slope < -40


def test_a_weak_tanh_vanishes_though_it_is_flat() -> None:
    """At f' = gamma it would vanish as well: that is not saturation."""
    assert diagnosed(network("tanh", gain=0.5, bias=30)).regime == "vanishing"


def test_a_relu_that_grows_explodes() -> None:
    """States and gradients of a homogeneous network grow alike: the state is not bounded."""
    found = [diagnosed(network("relu", hidden=64, gain=gain)).regime for gain in (2.2, 2.5, 3.0)]
    assert found == ["exploding"] * 3


@pytest.mark.parametrize(("T", "regime"), [(100, "chaotic"), (40, "undecided")])
def test_growth_beside_a_bounded_state_is_chaos_where_there_are_steps_to_tell(T: int, regime: str) -> None:
    """Gain 5: the first exponent without input is .53 (Sompolinsky et al. 1988)."""
    found = diagnosed(network("tanh", hidden=128, gain=5, gaussian=True), T=T, scale=0.01)
    assert found.slope is not None
    assert found.slope == pytest.approx(0.5324, rel=0.15)
    assert found.regime == regime


def test_growth_that_will_end_is_transient() -> None:
    """[[.9, 10], [0, .9]]: 39-fold at lag 9, below 1 from lag 63 on; at T = 20 rho says that."""
    rnn = RNN(E, 2, "identity").double()
    with torch.no_grad():
        rnn.W_h.copy_(torch.tensor([[0.9, 10], [0, 0.9]]))
    for T in (20, 60, 100):
        assert diagnose(rnn, torch.zeros(T, 4, E)).regime == "transient"


def test_a_curve_that_falls_and_rises_is_transient() -> None:
    """c^2 / c^-2 in halves: inputs switch hardtanh's units from half on to full on. Here a ReLU network in two acts."""
    rnn = RNN(1, 2, "leaky_relu").double()
    with torch.no_grad():
        rnn.W_h.copy_(torch.eye(2) * 4)
        rnn.W_x.fill_(1)
        rnn.b.zero_()
    on = torch.where(torch.arange(60) < 30, 1.0, -1e30).reshape(60, 1, 1).double()  # gain 4, then gain .04
    found = diagnose(rnn, on.expand(60, 12, 1))
    assert found.regime == "transient", found.reason


def test_the_cause_is_split_between_w_h_and_f() -> None:
    """Linear: f' adds nothing. One tanh unit at a fixed point h: ln |w| and ln(1 - h^2)."""
    linear = diagnosed(network("identity", gain=0.8))
    assert (linear.by_f, linear.by_weights) == (pytest.approx(0, abs=1e-12), pytest.approx(math.log(0.8)))
    rnn = RNN(1, 1, "tanh").double()
    with torch.no_grad():
        rnn.W_h.fill_(1.5)
        rnn.b.zero_()
    h = 0.5
    for _ in range(1000):
        h = math.tanh(1.5 * h)
    found = diagnose(rnn, torch.zeros(50, 1, 1), torch.tensor([[h]], dtype=torch.float64))
    assert found.by_weights == pytest.approx(math.log(1.5))
    assert found.by_f == pytest.approx(math.log(1 - h * h))
    assert found.slope == pytest.approx(math.log(1.5 * (1 - h * h)))


def test_the_explanation_is_two_sentences_with_the_numbers() -> None:
    found = diagnosed(network("identity", gain=0.8))
    assert found.explanation == (
        "Each step back in time multiplies the gradient by 0.8 on average: after 21 steps at most a hundredth of it "
        "is left. "
        "Along the way W_h alone would multiply it by 0.8 a step, the activation's slope by 1."
    )
    for rnn in (network("relu", bias=-100), network("identity", gain=1e20), network("tanh", bias=30), network("tanh")):
        words = diagnosed(rnn, T=40).explanation
        assert words.count(". ") == 1 and words.endswith("."), words


def test_a_state_that_overflows_has_diverged() -> None:
    found = diagnosed(network("identity", gain=1e20), T=40)
    assert found.regime == "diverged"
    assert found.diverged_at is not None
    assert 10 < found.diverged_at < 20
    assert found.slope is None
