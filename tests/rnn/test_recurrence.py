"""The recurrence and its hand-written backward pass, against autograd, torch.nn.RNN and a loop written out here."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from conftest import some
from unrolled.rnn import ACTIVATIONS, RNN, Tape

T, B, E, H = 7, 4, 3, 5


def make(activation: str = "tanh", backward: str = "bptt", inputs: int = E, hidden: int = H, seed: int = 0) -> RNN:
    torch.manual_seed(seed)
    return RNN(inputs, hidden, activation, backward).double()


def draw(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def left_padding(steps: int = T, batch: int = B) -> Tensor:
    return torch.arange(steps).unsqueeze(1) >= torch.arange(batch) % steps


def holes() -> Tensor:
    return torch.rand(T, B, generator=torch.Generator().manual_seed(3)) > 0.4


MASKS = {"none": None, "left padding": left_padding(), "holes": holes(), "all real": torch.ones(T, B, dtype=torch.bool)}


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("activation", some(ACTIVATIONS, 2))
def test_gradcheck(activation: str, mask: Tensor | None) -> None:
    rnn = make(activation)
    x, h0 = draw(T, B, E).requires_grad_(), draw(B, H, seed=2).requires_grad_()

    def outputs(x: Tensor, h0: Tensor, *_: Tensor) -> tuple[Tensor, Tensor]:
        return rnn.unroll(x, h0, mask=mask)

    assert torch.autograd.gradcheck(outputs, (x, h0, *rnn.parameters()))


@pytest.mark.parametrize("steps", [1, 2, T])
@pytest.mark.parametrize("loss", ["every step", "last only", "both"])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_equals_torch_nn_rnn(activation: str, loss: str, steps: int) -> None:
    ours, peer = make(activation), torch.nn.RNN(E, H, nonlinearity=activation).double()
    weights = peer.state_dict()
    bias = weights["bias_ih_l0"] + weights["bias_hh_l0"]
    ours.load_state_dict({"W_x": weights["weight_ih_l0"], "W_h": weights["weight_hh_l0"], "b": bias})
    weight = draw(steps, B, H, seed=5)
    found = []
    for module in (ours, peer):
        x, h0 = draw(steps, B, E).requires_grad_(), draw(B, H, seed=2).requires_grad_()
        if isinstance(module, RNN):
            h, last = module.unroll(x, h0)
        else:
            h, last = module(x, h0.unsqueeze(0))
        value = 0 * last.sum()
        value = value + (h * weight).sum() if loss != "last only" else value
        value = value + last.square().sum() if loss != "every step" else value
        value.backward()
        found.append((h, x.grad, h0.grad, *(p.grad for p in module.parameters())))
    for a, b in zip(*found, strict=False):  # torch has a second bias, whose gradient is the first's
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


def naive(rnn: RNN, x: Tensor, mask: Tensor | None) -> tuple[list[Tensor], list[Tensor]]:
    """The formula, a step at a time, with `retain_grad` on every h_t and a_t."""
    f, h, states, pre = ACTIVATIONS[rnn.activation].f, torch.zeros(x.shape[1], rnn.hidden, dtype=x.dtype), [], []
    for t in range(len(x)):
        a = x[t] @ rnn.W_x.T + h @ rnn.W_h.T + rnn.b
        new = f(a) * 1.0
        h = new if mask is None else torch.where(mask[t, :, None], new, h)
        for kept in (a, h):
            kept.retain_grad()
        states.append(h)
        pre.append(a)
    return states, pre


@pytest.mark.parametrize("where", ["every step", "last only"])
@pytest.mark.parametrize("backward", ["bptt", "autograd"])
@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_tape_equals_retain_grad(activation: str, mask: Tensor | None, backward: str, where: str) -> None:
    rnn, x, tape = make(activation, backward), draw(T, B, E), Tape()
    weight = draw(T, B, H, seed=6)
    if where == "last only":
        weight[:-1] = 0
    (rnn(x, tape=tape, mask=mask) * weight).sum().backward()
    states, pre = naive(rnn, x, mask)
    (torch.stack(states) * weight).sum().backward()
    assert tape.dh is not None
    assert tape.da is not None
    for t in range(T):
        torch.testing.assert_close(tape.dh[t], states[t].grad, rtol=1e-10, atol=1e-13)
        torch.testing.assert_close(tape.da[t], pre[t].grad, rtol=1e-10, atol=1e-13)
    if mask is not None:
        assert (tape.da[~mask] == 0).all()


@settings(max_examples=60)
@given(
    st.integers(1, 12), st.integers(1, 5), st.integers(1, 6), st.integers(1, 6),
    st.sampled_from(sorted(ACTIVATIONS)), st.booleans(), st.integers(0, 2**31),
)  # fmt: skip
def test_both_backward_passes_agree(  # noqa: PLR0917
    steps: int, batch: int, E: int, H: int, f: str, masked: bool, seed: int
) -> None:
    mask = torch.rand(steps, batch, generator=torch.Generator().manual_seed(seed)) > 0.3 if masked else None
    found = []
    for backward in ("bptt", "autograd"):
        rnn, tape = make(f, backward, E, H, seed), Tape()
        x = draw(steps, batch, E, seed=seed).requires_grad_()
        h, last = rnn.unroll(x, tape=tape, mask=mask)
        (h.square().sum() + (last * 3).sum()).backward()
        found.append((h, x.grad, tape.dh, tape.da, *(p.grad for p in rnn.parameters())))
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-11)


def test_the_last_state_of_all_states_is_the_last_state() -> None:
    grads = []
    for read in (lambda rnn, x: rnn(x)[-1], lambda rnn, x: rnn.unroll(x)[1]):
        rnn = make()
        read(rnn, draw(T, B, E)).square().sum().backward()
        grads.append([p.grad for p in rnn.parameters()])
    for a, b in zip(*grads, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)


def test_steps_by_hand_are_the_unrolled_network() -> None:
    rnn, x = make("gelu"), draw(T, B, E)
    h = torch.zeros(B, H, dtype=torch.float64)
    for t, state in enumerate(rnn(x)):
        h = rnn.step(x[t], h)
        torch.testing.assert_close(h, state, rtol=1e-12, atol=1e-14)


def test_padding_carries_the_initial_state_to_the_first_word() -> None:
    rnn, x, h0 = make(), draw(T, B, E), draw(B, H, seed=2)
    h = rnn(x, h0, mask=left_padding())
    assert torch.equal(h[0, 3], h0[3])
    separate = rnn(x[3:, 3:], h0[3:])
    torch.testing.assert_close(h[3:, 3:], separate, rtol=1e-12, atol=1e-14)


def test_the_gradient_of_the_recurrent_weights_is_a_sum_over_steps() -> None:
    """Werbos 1990; SCIENCE A11."""
    rnn, x, tape = make(), draw(T, B, E), Tape()
    h = rnn(x, tape=tape)
    h.square().sum().backward()
    previous = torch.cat([torch.zeros(1, B, H, dtype=torch.float64), h[:-1]])
    assert tape.da is not None
    steps = [tape.da[t].T @ previous[t] for t in range(T)]
    torch.testing.assert_close(torch.stack(steps).sum(0), rnn.W_h.grad, rtol=1e-10, atol=1e-12)


@settings(max_examples=40)
@given(st.integers(0, 2**31), st.integers(1, 8), st.floats(0.1, 10))
def test_a_contraction_bounds_the_gradient(seed: int, hidden: int, scale: float) -> None:
    """sigma_max = .9, tanh, loss at the last step: |dL/dh_k| <= .9^(t-k) |dL/dh_t| for every input (SCIENCE A9)."""
    rnn, tape = make(hidden=hidden, seed=seed), Tape()
    with torch.no_grad():
        rnn.W_h.copy_(draw(hidden, hidden, seed=seed))
        rnn.W_h.mul_(0.9 / torch.linalg.matrix_norm(rnn.W_h, 2))
    rnn.unroll(scale * draw(20, B, E, seed=seed), tape=tape)[1].sum().backward()
    assert tape.dh is not None
    norms = tape.dh.norm(dim=2)
    bounds = 0.9 ** torch.arange(19, -1, -1, dtype=torch.float64).unsqueeze(1) * norms[-1]
    assert (norms <= bounds * (1 + 1e-12)).all()


@pytest.mark.parametrize("c", [0.8, 1.0, 1.3])
def test_a_linear_orthogonal_network_scales_by_c_a_step(c: float) -> None:
    """SCIENCE A1."""
    rnn, tape = make("identity"), Tape()
    with torch.no_grad():
        rnn.W_h.mul_(c)
    rnn.unroll(draw(50, B, E), tape=tape)[1].sum().backward()
    assert tape.dh is not None
    norms = tape.dh.norm(dim=2)
    expected = c ** torch.arange(49, -1, -1, dtype=torch.float64).unsqueeze(1) * norms[-1]
    torch.testing.assert_close(norms, expected, rtol=1e-6, atol=0)  # the weights were drawn in float32


def test_a_tape_is_overwritten_by_its_next_pass_and_fits_any_shape() -> None:
    rnn, tape = make(), Tape()
    for steps in (4, 4, 9):
        rnn.unroll(draw(steps, B, E, seed=steps), tape=tape)[1].sum().backward()
        fresh = Tape()
        rnn.unroll(draw(steps, B, E, seed=steps), tape=fresh)[1].sum().backward()
        assert tape.dh is not None
        assert fresh.dh is not None
        assert torch.equal(tape.dh, fresh.dh)


def test_two_backward_passes_through_one_graph_agree() -> None:
    rnn, x = make(), draw(T, B, E)
    value = rnn(x).square().sum()
    first = torch.autograd.grad(value, list(rnn.parameters()), retain_graph=True)
    second = torch.autograd.grad(value, list(rnn.parameters()))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_changing_the_states_in_place_is_noticed() -> None:
    h = make()(draw(T, B, E))
    value = h.square().sum()
    h.detach().zero_()
    with pytest.raises(RuntimeError, match="modified inplace"):
        value.backward()


def test_a_frozen_part_gets_no_gradient() -> None:
    rnn = make()
    rnn.W_h.requires_grad_(False)
    rnn(draw(T, B, E)).sum().backward()
    assert rnn.W_h.grad is None
    assert rnn.W_x.grad is not None


def test_parameters_are_called_as_in_the_formula() -> None:
    shapes = {name: tuple(p.shape) for name, p in RNN(3, 5).named_parameters()}
    assert shapes == {"W_x": (5, 3), "W_h": (5, 5), "b": (5,)}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: RNN(0, 5), "must be at least 1"),
        (lambda: RNN(3, 5, "tahn"), "unknown activation 'tahn'; allowed: tanh, relu"),
        (lambda: RNN(3, 5, backward="foo"), "unknown backward 'foo'; allowed: bptt, autograd"),
        (lambda: RNN(3, 5)(torch.zeros(2, 3)), r"x has shape \(2, 3\)"),
        (lambda: RNN(3, 5)(torch.zeros(2, 1, 4)), r"expected \(T >= 1, B, 3\)"),
        (lambda: RNN(3, 5)(torch.zeros(0, 1, 3)), r"expected \(T >= 1, B, 3\)"),
        (lambda: RNN(3, 5)(torch.zeros(2, 1, 3), torch.zeros(5)), r"h0 has shape \(5,\), expected \(1, 5\)"),
        (lambda: RNN(3, 5)(torch.zeros(2, 1, 3), mask=torch.ones(2, 1)), "expected torch.bool"),
        (lambda: RNN(3, 5)(torch.zeros(2, 1, 3), mask=torch.ones(1, 2) > 0), r"\(1, 2\), expected torch.bool \(2, 1\)"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("backward", ["bptt", "autograd"])
@pytest.mark.parametrize("activation", ["tanh", "gelu"])
def test_tokens_are_unit_vectors(activation: str, backward: str) -> None:
    """States, tapes and gradients are those of the dense vectors that the tokens stand for."""
    draw = torch.Generator().manual_seed(4)
    tokens = torch.randint(0, 7, (9, 5), generator=draw)
    mask = torch.arange(9).unsqueeze(1) >= torch.tensor([0, 2, 0, 5, 1])
    rnn = RNN(7, 4, activation, backward).double()
    found = []
    for x in (tokens, torch.nn.functional.one_hot(tokens, 7).double()):
        tape = Tape()
        h, h_T = rnn.unroll(x, tape=tape, mask=mask)
        gradients = torch.autograd.grad(h.sin().sum() + h_T.square().sum(), list(rnn.parameters()))
        assert tape.dh is not None and tape.da is not None
        found.append([h, h_T, tape.dh, tape.da, *gradients])
    for ours, dense in zip(*found, strict=True):
        torch.testing.assert_close(ours, dense, rtol=1e-12, atol=1e-14)
    stepped = rnn.step(tokens[0], torch.zeros(5, 4, dtype=torch.float64))
    torch.testing.assert_close(stepped[mask[0]], found[0][0][0][mask[0]])


def test_tokens_of_a_wrong_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"x has shape \(3, 2, 5\), expected \(T >= 1, B, 7\)"):
        RNN(7, 4)(torch.zeros(3, 2, 5, dtype=torch.int64))
