"""The gradient cone against autograd on one step's loss at a time."""

import math

import pytest
import torch
from torch import Tensor

from unrolled.gradients import gradient_cone, log_gradient_cone
from unrolled.gradients.cone import cone_by_lag, cone_pass, source_steps
from unrolled.gradients.slope import slope
from unrolled.gradients.trajectory import trajectory
from unrolled.rnn import RNN

T, E, H = 14, 3, 5


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def network(activation: str) -> RNN:
    torch.manual_seed(0)
    return RNN(E, H, activation).double()


def by_autograd(rnn: RNN, x: Tensor, h0: Tensor, target: Tensor) -> Tensor:
    cone = torch.zeros(T, T, dtype=torch.float64)
    for s in range(T):
        h, states = h0, []
        for t in range(s + 1):
            h = rnn.step(x[t], h)
            h.retain_grad()
            states.append(h)
        (states[s] - target[s]).square().sum().backward()
        for t, state in enumerate(states):
            assert state.grad is not None
            cone[s, t] = state.grad.norm()
    return cone


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "gelu"])
def test_every_entry_is_that_of_autograd(activation: str) -> None:
    rnn, x, h0, target = network(activation), draw(T, 1, E), draw(1, H, seed=1), draw(T, H, seed=2)
    found = gradient_cone(rnn, x, lambda h, s: (h - target[s]).square().sum(), h0)
    torch.testing.assert_close(found, by_autograd(rnn, x, h0, target), rtol=1e-9, atol=1e-12)


def test_of_a_batch_it_is_the_mean_of_logs() -> None:
    rnn, x = network("tanh"), draw(T, 6, E)
    together = log_gradient_cone(rnn, x, lambda h, _: h.square().sum(1))
    separate = [log_gradient_cone(rnn, x[:, b : b + 1], lambda h, _: h.square().sum()) for b in range(6)]
    torch.testing.assert_close(together.tril(), torch.stack(separate).mean(0).tril(), rtol=1e-9, atol=1e-9)


def test_chosen_sources_alone_for_long_sequences() -> None:
    rnn, x = network("tanh"), draw(T, 2, E)
    loss = lambda h, _: h.square().sum()  # noqa: E731
    some, all_of_it = (gradient_cone(rnn, x, loss, sources=s) for s in (torch.tensor([9, 3]), None))
    assert all_of_it.shape == (T, T)
    torch.testing.assert_close(some[[3, 9]], all_of_it[[3, 9]])
    assert bool(some[[0, 1, 2, 4, 5, 13]].isnan().all())


def test_a_loss_that_does_not_read_a_step_has_an_empty_row() -> None:
    found = gradient_cone(network("tanh"), draw(T, 1, E), lambda h, s: h.square().sum() * (s == 5))
    assert float(found[4].sum()) == 0 and float(found[5, :6].min()) > 0


def test_a_float32_network_may_have_a_float32_loss() -> None:
    rnn, read = RNN(E, H), torch.nn.Linear(H, 2)
    assert gradient_cone(rnn, draw(T, 1, E).float(), lambda h, _: read(h).square().sum()).dtype == torch.float64


def test_its_slope_is_the_shrinking_that_a_fresh_gradient_hides() -> None:
    """c = .9 throughout, with right padding and samples of several lengths."""
    rnn = network("identity")
    with torch.no_grad():
        rnn.W_h.copy_(0.9 * torch.eye(H, dtype=torch.float64))
    steps, B = 40, 12
    mask = torch.arange(steps).unsqueeze(1) < torch.randint(15, 41, (B,), generator=torch.Generator().manual_seed(0))
    states = trajectory(rnn, draw(steps, B, E), mask=mask)
    lags = cone_by_lag(cone_pass(states, draw(steps, B, H, seed=1), mask, source_steps(mask, 8)), mask)
    found = slope(lags)
    assert found is not None
    assert found.value == pytest.approx(math.log(0.9), abs=1e-10)
    assert found.error < 1e-10


def test_sources_are_spread_over_the_steps_that_count() -> None:
    counted = torch.zeros(100, 3, dtype=torch.bool)
    counted[40:, 1] = True
    assert source_steps(counted, 4).tolist() == [40, 60, 79, 99]
    assert source_steps(counted[:43], 4).tolist() == [40, 41, 42]
