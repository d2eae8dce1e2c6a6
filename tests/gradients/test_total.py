"""The total gradient in log space, against a closed form far below the smallest float."""

import math

import torch

from unrolled.gradients.total import log_total_gradient
from unrolled.gradients.trajectory import trajectory
from unrolled.rnn import RNN


def scaled_identity(factor: float) -> RNN:
    rnn = RNN(1, 4, "identity").double()
    with torch.no_grad():
        rnn.W_h.copy_(factor * torch.eye(4, dtype=torch.float64))
    return rnn


def test_a_thousand_steps_of_a_tenth_are_a_thousand_decades() -> None:
    T = 1000
    own = torch.zeros(T, 2, 4, dtype=torch.float64)
    own[-1, 0] = 3.0  # the other sample's loss does not depend on the states
    found = log_total_gradient(trajectory(scaled_identity(0.1), torch.zeros(T, 2, 1)), own)
    expected = math.log(6) + math.log(0.1) * torch.arange(T - 1, -1, -1, dtype=torch.float64)
    torch.testing.assert_close(found[:, 0], expected, rtol=1e-12, atol=1e-9)
    assert torch.isneginf(found[:, 1]).all()


def test_the_terms_of_every_step_add_up_to_a_geometric_series() -> None:
    T, factor = 12, 0.5
    own = torch.ones(T, 1, 4, dtype=torch.float64)
    found = log_total_gradient(trajectory(scaled_identity(factor), torch.zeros(T, 1, 1)), own)
    terms = torch.arange(T, 0, -1, dtype=torch.float64)
    expected = torch.log(2 * (1 - factor**terms) / (1 - factor))
    torch.testing.assert_close(found[:, 0], expected, rtol=1e-12, atol=1e-12)


def test_padded_steps_have_no_gradient() -> None:
    own = torch.zeros(3, 1, 4, dtype=torch.float64)
    own[-1] = 1.0
    mask = torch.tensor([[False], [True], [True]])
    found = log_total_gradient(trajectory(scaled_identity(2.0), torch.zeros(3, 1, 1), mask=mask), own)
    assert found[0].isnan().all()
    torch.testing.assert_close(found[1:, 0], torch.tensor([4.0, 2.0], dtype=torch.float64).log())
