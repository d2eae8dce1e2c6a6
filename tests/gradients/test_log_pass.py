"""The log-space pass against float64 autograd, and against closed forms where autograd underflows."""

import math

import pytest
import torch
from torch import Tensor

from unrolled.gradients.log_pass import log_pass
from unrolled.gradients.trajectory import trajectory
from unrolled.rnn import ACTIVATIONS, RNN, Tape

B, E, H = 5, 3, 6


def network(activation: str, seed: int = 0) -> RNN:
    torch.manual_seed(seed)
    return RNN(E, H, activation).double()


def draw(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def passed(rnn: RNN, x: Tensor, dh_T: Tensor, mask: Tensor | None = None) -> Tensor:
    """Computes ln of the norms, (T, B), by autograd."""
    return log_pass(trajectory(rnn, x, mask=mask), dh_T).ln_norm[0]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_equals_autograd(activation: str, masked: bool) -> None:
    rnn, x, dh_T, tape = network(activation), draw(15, B, E), draw(B, H, seed=2), Tape()
    mask = torch.arange(15).unsqueeze(1) >= torch.arange(B) * 2 if masked else None
    found = passed(rnn, x, dh_T, mask)
    rnn.backward = "autograd"
    (rnn.unroll(x, tape=tape, mask=mask)[1] * dh_T).sum().backward()
    assert tape.dh is not None
    torch.testing.assert_close(found, tape.dh.norm(dim=2).log(), rtol=1e-9, atol=1e-9)


def test_goes_on_far_below_the_smallest_float() -> None:
    """W = I/4, linear: ln = -n ln 4, while .25^n is 0 from n = 538 even in float64 (SCIENCE A10)."""
    rnn = network("identity")
    with torch.no_grad():
        rnn.W_h.copy_(torch.eye(H) / 4)
    dh_T = draw(B, H)
    found = passed(rnn, torch.zeros(1001, B, E, dtype=torch.float64), dh_T)
    expected = dh_T.norm(dim=1).log() - 1000 * math.log(4)
    torch.testing.assert_close(found[0], expected, rtol=1e-12, atol=0)


def test_a_saturated_tanh_is_small_but_not_zero() -> None:
    """|a| = 30: 1 - tanh^2 rounds to 0 in float64, ln f' is 2 ln 2 - 60 up to 1e-26."""
    rnn = network("tanh")
    with torch.no_grad():
        rnn.W_h.zero_().fill_diagonal_(1e-6)
        rnn.b.fill_(30)
    found = passed(rnn, torch.zeros(4, B, E, dtype=torch.float64), dh_T := draw(B, H))
    assert (1 - torch.tanh(torch.tensor(30.0, dtype=torch.float64)) ** 2) == 0
    step = 2 * math.log(2) - 60 + math.log(1e-6)
    torch.testing.assert_close(found[0], dh_T.norm(dim=1).log() + 3 * step, rtol=1e-6, atol=0)


def test_units_that_are_off_make_an_exact_zero() -> None:
    rnn = network("relu")
    with torch.no_grad():
        rnn.b.fill_(-100)
    found = passed(rnn, draw(5, B, E), draw(B, H))
    assert torch.isneginf(found[:-1]).all()
    assert torch.isfinite(found[-1]).all()


def test_a_sample_without_a_gradient_stays_without() -> None:
    dh_T = draw(B, H)
    dh_T[2] = 0
    found = passed(network("tanh"), draw(5, B, E), dh_T)
    assert torch.isneginf(found[:, 2]).all()
    assert torch.isfinite(found[:, [0, 1, 3, 4]]).all()


def test_a_forward_overflow_is_reported_with_its_step() -> None:
    rnn = network("identity")
    with torch.no_grad():
        rnn.W_h.copy_(torch.eye(H, dtype=torch.float64) * 1e200)
        rnn.W_x.zero_()
        rnn.b.fill_(1)
    found = trajectory(rnn, torch.zeros(6, B, E, dtype=torch.float64))
    assert found.diverged_at == 2  # 1, then 1e200, then 1e400
