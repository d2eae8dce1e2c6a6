"""J_t of a trajectory: `pull`, `push` and `jacobian` against each other and against autograd of a plain loop."""

import ast
import math
from functools import partial
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import unrolled.gradients
from unrolled.gradients import Trajectory, memory, trajectory
from unrolled.gradients.log_pass import log_pass
from unrolled.rnn import ACTIVATIONS, RNN

E = 3
same = partial(torch.testing.assert_close, rtol=1e-10, atol=1e-10)


class Drawn:
    """A network of a random size, its inputs, a mask with carried steps anywhere, and its trajectory."""

    def __init__(self, seed: int, activation: str, H: int, gain: float, T: int, B: int, masked: bool) -> None:  # noqa: PLR0917
        self.draw = torch.Generator().manual_seed(seed)
        self.rnn = RNN(E, H, activation).double().requires_grad_(False)
        self.rnn.W_h.copy_(gain * self.normal(H, H) / math.sqrt(H))
        self.rnn.W_x.copy_(self.normal(H, E))
        self.rnn.b.copy_(0.5 * self.normal(H))
        self.x, self.h0 = self.normal(T, B, E), self.normal(B, H)
        self.mask = torch.rand(T, B, generator=self.draw) > 0.4 if masked else torch.ones(T, B, dtype=torch.bool)
        self.along = trajectory(self.rnn, self.x, self.h0, self.mask)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.draw, dtype=torch.float64)

    def step(self, t: int, h: Tensor) -> Tensor:
        """One step of a plain loop, from h (B, H)."""
        rnn = self.rnn
        new = ACTIVATIONS[rnn.activation].f(self.x[t] @ rnn.W_x.T + h @ rnn.W_h.T + rnn.b)
        return torch.where(self.mask[t].unsqueeze(1), new, h)


networks = st.builds(
    Drawn,
    seed=st.integers(0, 10**6),
    activation=st.sampled_from(list(ACTIVATIONS)),
    H=st.integers(1, 7),
    gain=st.sampled_from([0.0, 0.3, 1.0, 3.0]),
    T=st.integers(1, 8),
    B=st.integers(1, 4),
    masked=st.booleans(),
)
SLOW = settings(max_examples=60)


def pulled(along: Trajectory, t: int, v: Tensor) -> Tensor:
    """Returns J_t^T v itself, not as direction and ln of its length."""
    found = along.pull(t, v)
    return found.v * found.ln.exp()[..., None, None]


def pushed(along: Trajectory, t: int, u: Tensor) -> Tensor:
    moved, ln = along.push(t, u)
    return moved * ln.exp()[:, None, None]


@SLOW
@given(networks)
def test_pull_and_push_are_adjoint(drawn: Drawn) -> None:
    T, B, H = drawn.along.h.shape
    for t in range(T):
        v, u = drawn.normal(B, 2, H), drawn.normal(B, H, 3)
        same(pulled(drawn.along, t, v) @ u, v @ pushed(drawn.along, t, u))


@SLOW
@given(networks)
def test_the_jacobian_is_that_of_one_step_of_a_plain_loop(drawn: Drawn) -> None:
    along, (T, B, H) = drawn.along, drawn.along.h.shape
    every = along.jacobian()
    for t in range(T):
        J = torch.autograd.functional.jacobian(lambda h, t=t: drawn.step(t, h), along.previous[t])
        own = torch.stack([J[b, :, b] for b in range(B)])  # type: ignore[call-overload]
        same(along.jacobian(t), own)
        same(every[t], own)
        same(pushed(along, t, torch.eye(H).double().expand(B, H, H)), own)
        same(along.ln_det(t).exp(), torch.linalg.det(own).abs())
        assert bool((along.rank(t) >= torch.linalg.matrix_rank(own)).all())


@SLOW
@given(networks)
def test_carried_steps_are_the_identity(drawn: Drawn) -> None:
    along, (T, B, H) = drawn.along, drawn.along.h.shape
    for t in range(T):
        carried, v = ~along.mask[t], drawn.normal(5, B, 2, H)
        back = along.pull(t, v)
        assert torch.equal(back.v[:, carried], v[:, carried])
        assert not any(each[:, carried].any() for each in (back.dq, back.ln, back.ln_dq, back.first, back.second))
        u = drawn.normal(B, H, 2)
        moved, ln = along.push(t, u)
        assert torch.equal(moved[carried], u[carried]) and not ln[carried].any()


@SLOW
@given(networks)
def test_the_product_of_pulls_is_the_gradient_of_autograd(drawn: Drawn) -> None:
    """So is dL/da_t, which each pull passes on its way: with it come the gradients of b and of W_h."""
    rnn, (T, B, H) = drawn.rnn.requires_grad_(), drawn.along.h.shape
    v, states = drawn.normal(B, H), [drawn.h0.clone().requires_grad_()]
    for t in range(T):
        states.append(drawn.step(t, states[-1]))
    *expected, db, dW = torch.autograd.grad((states[-1] * v).sum(), [*states, rnn.b, rnn.W_h])
    g, ln, found_b, found_W = v.unsqueeze(1), torch.zeros(B, dtype=torch.float64), 0.0, 0.0
    for t in reversed(range(T)):
        back = drawn.along.pull(t, g)
        da = ((ln + back.ln_dq).exp()[:, None, None] * back.dq).squeeze(1)
        found_b, found_W = found_b + da.sum(0), found_W + da.T @ drawn.along.previous[t]
        g, ln = back.v, ln + back.ln
        same(ln.exp()[:, None] * g.squeeze(1), expected[t])
    same(found_b, db)
    same(found_W, dW)


def test_in_logs_a_step_may_be_smaller_than_any_float() -> None:
    """tanh at |a| = 1000: f' = 4 exp(-2000), one unit flatter than the other by exp(-20)."""
    rnn = RNN(2, 2, "tanh").double().requires_grad_(False)
    rnn.W_h.copy_(torch.tensor([[0.0, 1e-9], [2e-9, 0.0]]))
    rnn.W_x.zero_()
    rnn.b.copy_(torch.tensor([1000.0, 1010.0]))
    along = trajectory(rnn, torch.zeros(1, 1, 2, dtype=torch.float64))
    back = along.pull(0, torch.tensor([[[1.0, 0.0]]], dtype=torch.float64))
    assert float(back.first) == pytest.approx(math.log(4) - 2000, rel=1e-12)
    assert float(back.second) == pytest.approx(math.log(1e-9), rel=1e-7)  # W_h was a float32
    assert back.v.flatten().tolist() == pytest.approx([0, 1])
    moved, ln = along.push(0, torch.eye(2, dtype=torch.float64).unsqueeze(0))
    assert float(ln) == pytest.approx(math.log(4) - 2000, rel=1e-12)
    assert float(moved[0, 1, 0]) == pytest.approx(2e-9 * math.exp(-20), rel=1e-6)
    assert float(along.ln_det(0)) == pytest.approx(2 * math.log(4) - 4020 + math.log(2e-18), rel=1e-9)


def test_what_only_rounding_is_left_of_is_0_in_every_diagnostic_that_pulls() -> None:
    """W_h = u w^T with w . u = .1 + .2 - .3, which is 0, and 6e-17 in floats: the square of W_h is 0."""
    u, w = (torch.tensor(values, dtype=torch.float64) for values in ([0.1, 0.2, 0.3], [1.0, 1.0, -1.0]))
    assert float((w * u).sum()) != 0
    rnn = RNN(E, 3, "identity").double().requires_grad_(False)
    rnn.W_h.copy_(torch.outer(u, w))
    along = trajectory(rnn, torch.ones(12, 2, E, dtype=torch.float64))
    lost = [k >= 2 for k in range(12)]
    assert log_pass(along, torch.eye(3, dtype=torch.float64)[:2]).ln_norm[0].flip(0).isneginf().all(1).tolist() == lost
    found = memory(along)
    assert found.ln_dh.isneginf().all(1).tolist() == lost
    assert torch.isfinite(found.ln_dtheta).all()


def test_nothing_else_of_this_package_reads_what_j_is_made_of() -> None:
    allowed = {
        *("along.py", "along_vanilla.py", "along_cell.py", "along_leaky.py", "through_weights.py"),  # J_t is made of it
        "trajectory.py",  # takes it from the layer
        "persistence.py",  # draws a network of its own
        "theory.py",  # speaks of W_h itself: norm, eigenvalues, zeros
    }
    folder = Path(unrolled.gradients.__file__).parent
    read = {
        file.name
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr in ("W_h", "_scaled_slope"))
        or (isinstance(node, ast.Name) and node.id == "W_h")
        or (isinstance(node, ast.Constant) and node.value == "W_h")
    }
    assert read == allowed
