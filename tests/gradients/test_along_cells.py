"""J_t of every cell: `pull`, `push` and `jacobian` against each other and against autograd of torch's own formulas."""

import math
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from unrolled.gradients import Trajectory, lyapunov_spectrum, memory, trajectory
from unrolled.gradients.log_pass import log_pass
from unrolled.rnn import GRU, LSTM, Leaky, Recurrent

E = 3
same = partial(torch.testing.assert_close, rtol=1e-10, atol=1e-10)


def layer_of(kind: str, H: int) -> Recurrent:
    return {"lstm": lambda: LSTM(E, H), "gru": lambda: GRU(E, H), "leaky": lambda: Leaky(E, H, leak=0.3)}[kind]()


class Drawn:
    """A layer of a random size, its inputs, a mask with carried steps anywhere, and its trajectory."""

    def __init__(self, seed: int, kind: str, H: int, gain: float, T: int, B: int, masked: bool) -> None:  # noqa: PLR0917
        self.draw = torch.Generator().manual_seed(seed)
        self.kind, self.layer = kind, layer_of(kind, H).double().requires_grad_(False)
        for weights in self.layer.parameters():
            weights.copy_(gain * self.normal(*weights.shape) / math.sqrt(H))
        self.x, self.start = self.normal(T, B, E), [self.normal(B, H) for _ in self.layer.names]
        self.mask = torch.rand(T, B, generator=self.draw) > 0.4 if masked else torch.ones(T, B, dtype=torch.bool)
        self.along = trajectory(self.layer, self.x, self.start, self.mask)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.draw, dtype=torch.float64)

    def step(self, t: int, joint: Tensor) -> Tensor:
        """One step of torch's cell, from the joint state (B, D)."""
        if isinstance(self.layer, (LSTM, GRU)):
            module: Any = self.layer.to_torch()
            states = tuple(each.unsqueeze(0) for each in joint.chunk(len(self.layer.names), 1))
            _, after = module(self.x[t : t + 1], states[0] if isinstance(self.layer, GRU) else states)
            new = after if isinstance(after, Tensor) else torch.cat(after, 2)
        else:
            a = self.x[t] @ self.layer.W_x.T + joint @ self.layer.W_h.T + self.layer.b
            new = 0.7 * joint + 0.3 * torch.tanh(a)
        return torch.where(self.mask[t].unsqueeze(1), new.squeeze(0), joint)


layers = st.builds(
    Drawn,
    seed=st.integers(0, 10**6),
    kind=st.sampled_from(["lstm", "gru", "leaky"]),
    H=st.integers(1, 5),
    gain=st.sampled_from([0.0, 0.3, 1.0, 3.0]),
    T=st.integers(1, 6),
    B=st.integers(1, 3),
    masked=st.booleans(),
)
SLOW = settings(max_examples=40)


def pulled(along: Trajectory, t: int, v: Tensor) -> Tensor:
    found = along.pull(t, v)
    return found.v * found.ln.exp()[..., None, None]


@SLOW
@given(layers)
def test_the_jacobian_is_that_of_one_step_of_torchs_cell(drawn: Drawn) -> None:
    along, (T, B, D) = drawn.along, drawn.along.state.shape
    every, identity = along.jacobian(), torch.eye(D).double().expand(B, D, D)
    for t in range(T):
        J = torch.autograd.functional.jacobian(lambda state, t=t: drawn.step(t, state), along.previous[t])
        own = torch.stack([J[b, :, b] for b in range(B)])  # type: ignore[call-overload]
        same(every[t], own)
        same(along.jacobian(t), own)
        moved, ln = along.push(t, identity)
        same(moved * ln.exp()[:, None, None], own)
        same(pulled(along, t, identity), own)
        same(along.ln_det(t).exp(), torch.linalg.det(own).abs(), atol=1e-9)


@SLOW
@given(layers)
def test_carried_steps_are_the_identity(drawn: Drawn) -> None:
    along, (T, B, D) = drawn.along, drawn.along.state.shape
    for t in range(T):
        carried, v = ~along.mask[t], drawn.normal(5, B, 2, D)
        back = along.pull(t, v)
        assert torch.equal(back.v[:, carried], v[:, carried])
        assert not any(each[:, carried].any() for each in (back.dq, back.ln, back.ln_dq, back.first, back.second))


@SLOW
@given(layers)
def test_the_product_of_pulls_is_the_gradient_of_autograd(drawn: Drawn) -> None:
    """So is dL/dq_t, which each pull passes on its way: with it comes the gradient of W_h."""
    layer, (T, B, D) = drawn.layer.requires_grad_(), drawn.along.state.shape
    v = drawn.normal(B, D)
    start = [each.clone().requires_grad_() for each in drawn.start]
    layer.backward = "autograd"
    _, *last = layer.states(drawn.x, start, mask=drawn.mask)
    *expected, dW = torch.autograd.grad((torch.cat(last, 1) * v).sum(), [*start, layer.W_h])
    g, ln, found = v.unsqueeze(1), torch.zeros(B, dtype=torch.float64), torch.zeros_like(dW)
    for t in reversed(range(T)):
        back = drawn.along.pull(t, g)
        dq = ((ln + back.ln_dq).exp()[:, None, None] * back.dq).squeeze(1)
        found = found + dq.T @ drawn.along.previous[t][:, : drawn.along.hidden]
        g, ln = back.v, ln + back.ln
    same(ln.exp()[:, None] * g.squeeze(1), torch.cat(expected, 1))
    same(found, dW)


@SLOW
@given(layers)
def test_the_two_parts_add_up(drawn: Drawn) -> None:
    along, (T, B, D) = drawn.along, drawn.along.state.shape
    back = along.pull(T - 1, drawn.normal(B, 2, D))
    finite = torch.isfinite(back.first)
    same((back.first + back.second)[finite], back.ln[finite])


def test_a_gate_may_be_flatter_than_rounding_shows() -> None:
    """An LSTM whose gates sit at 60: 1 - s(60) is 0 in float64, and s'(60) = exp(-60) is not."""
    lstm = LSTM(1, 1).double().requires_grad_(False)
    for weights in lstm.parameters():
        weights.zero_()
    lstm.b[1] = 60.0
    lstm.W_h[1] = 1.0
    along = trajectory(lstm, torch.zeros(1, 1, 1).double(), [torch.zeros(1, 1).double(), torch.ones(1, 1).double()])
    back = along.pull(0, torch.tensor([[[0.0, 1.0]]]).double())  # v = dL/dc: dL/dh_{t-1} = c s'(60) W_hf
    assert float(back.v[0, 0, 0]) == pytest.approx(math.exp(-60), rel=1e-9)
    assert not along.off.any() and along.flat == 0


@pytest.mark.parametrize("H", [2, 5])
def test_all_exponents_of_an_lstm_add_up_to_its_volume(H: int) -> None:
    """E8: the sum is the mean of sum ln f + sum ln |tanh(c) o'| + ln |det W_ho|, from torch's formulas by hand."""
    torch.manual_seed(3)
    module, x, steps = nn.LSTM(E, H).double().requires_grad_(False), torch.randn(120, 1, E).double(), []
    W_x, W_h, b_x, b_h = module.parameters()
    h = c = torch.zeros(1, H).double()
    for x_t in x:
        a = x_t @ W_x.T + b_x + h @ W_h.T + b_h
        i, f, g, o = a.chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        steps.append((torch.sigmoid(f).log() + (c.tanh() * torch.sigmoid(o) * torch.sigmoid(-o)).abs().log()).sum())
    volume = torch.stack(steps)[30:].mean() + torch.linalg.slogdet(W_h[3 * H :])[1]
    found = lyapunov_spectrum(LSTM.from_torch(module), x, warmup=30)
    assert float(found.exponents.sum()) == pytest.approx(float(volume), rel=1e-9)


def test_what_the_last_joint_state_remembers_of_w_h_is_what_autograd_finds() -> None:
    torch.manual_seed(1)
    gru, x = GRU(E, 4).double(), torch.randn(6, 2, E).double()
    found = memory(trajectory(gru, x), directions=4)
    gru.backward = "autograd"
    last = gru(x)[-1]
    for b in range(2):
        rows = [torch.autograd.grad(last[b, i], gru.W_h, retain_graph=True)[0] for i in range(4)]
        assert float(found.ln_dtheta[-1, b]) == pytest.approx(float(torch.stack(rows).norm().log()), abs=1e-9)


def test_a_log_pass_goes_on_below_any_float() -> None:
    """An LSTM without W_hh and f = s(-30): over 100 steps the gradient in c falls to exp(-3000)."""
    lstm = LSTM(1, 2).double().requires_grad_(False)
    for weights in lstm.parameters():
        weights.zero_()
    lstm.b[2:4] = -30.0
    along = trajectory(lstm, torch.zeros(101, 1, 1).double())
    ln = log_pass(along, torch.tensor([[0.0, 0.0, 1.0, 0.0]]).double()).ln_norm[0, :, 0]
    assert float(ln[0]) == pytest.approx(-100 * math.log1p(math.exp(30)), rel=1e-12)
