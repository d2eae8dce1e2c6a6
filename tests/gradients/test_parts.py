"""What f' and W_h add to the gradient per lag adds up to the slope beside it: same lags, same samples, same means."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unrolled.gradients import diagnose
from unrolled.gradients.diagnose import of_every_loss
from unrolled.gradients.diagnosis import Diagnosis
from unrolled.gradients.trajectory import trajectory
from unrolled.rnn import RNN

SLOW = settings(max_examples=25)
NETWORKS = {
    "seed": st.integers(0, 10**6),
    "activation": st.sampled_from(["tanh", "relu", "gelu", "sigmoid", "identity"]),
    "gain": st.floats(0.3, 3.0),
    "T": st.integers(3, 60),
}


def network(seed: int, activation: str, gain: float, T: int, B: int = 16) -> tuple[RNN, torch.Tensor, torch.Tensor]:
    """An RNN, inputs, and a mask of sequences that begin at different steps and end together."""
    torch.manual_seed(seed)
    rnn = RNN(3, 8, activation).double()
    with torch.no_grad():
        rnn.W_h.copy_(torch.randn(8, 8) * gain / math.sqrt(8))
    x = torch.randn(T, B, 3, dtype=torch.float64)
    starts = torch.randint(0, T // 2 + 1, (B,))
    return rnn, x, torch.arange(T).unsqueeze(1) >= starts


def check(found: Diagnosis) -> None:
    if found.slope is None:
        assert found.by_f is None and found.by_weights is None
    else:
        assert found.by_f is not None and found.by_weights is not None
        assert found.by_f + found.by_weights == pytest.approx(found.slope, abs=1e-9, rel=1e-9)


@SLOW
@given(**NETWORKS, padded=st.booleans())
def test_parts_of_a_loss_on_the_last_state_add_up(padded: bool, **drawn) -> None:
    rnn, x, mask = network(**drawn)
    check(diagnose(rnn, x, mask=mask if padded else None))


@SLOW
@given(**NETWORKS, padded=st.booleans())
def test_parts_of_a_loss_on_every_state_add_up(padded: bool, **drawn) -> None:
    rnn, x, mask = network(**drawn)
    states = trajectory(rnn, x, None, mask if padded else None)
    check(of_every_loss(rnn, states, torch.randn_like(states.h), states.mask))


def test_parts_add_up_in_a_cycle_of_two_steps() -> None:
    """tanh with W_h = -3 I flips its sign at each step: f' differs from step to step once the input alternates too."""
    rnn = RNN(1, 4, "tanh").double()
    with torch.no_grad():
        rnn.W_h.copy_(-1.5 * torch.eye(4))
        rnn.W_x.fill_(1.0)
        rnn.b.fill_(0.3)
    x = torch.tensor([0.0, 1.0], dtype=torch.float64).repeat(20).reshape(40, 1, 1).expand(40, 12, 1)
    found = diagnose(rnn, x)
    check(found)
    h = torch.zeros(4, dtype=torch.float64)
    slopes = []
    for t in range(40):
        h = torch.tanh(rnn.W_h.detach() @ h + rnn.W_x.detach() @ x[t, 0] + rnn.b.detach())
        slopes.append(math.log(1 - float(h[0]) ** 2))
    period = (slopes[20] + slopes[21]) / 2
    assert abs(slopes[20] - slopes[21]) > 0.1
    assert found.by_f == pytest.approx(period, abs=1e-6)
    assert found.by_weights == pytest.approx(math.log(1.5), abs=1e-9)


def test_the_parts_of_a_linear_network_are_those_of_w_h_alone() -> None:
    rnn = RNN(2, 4, "identity").double()
    with torch.no_grad():
        rnn.W_h.copy_(0.8 * torch.linalg.qr(torch.randn(4, 4, dtype=torch.float64))[0])
    found = diagnose(rnn, torch.randn(30, 12, 2, dtype=torch.float64))
    assert found.by_f == pytest.approx(0, abs=1e-12)
    assert found.by_weights == pytest.approx(math.log(0.8), abs=1e-9)
