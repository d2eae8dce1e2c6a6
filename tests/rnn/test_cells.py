"""Every cell, forwards and backwards by hand, against torch's modules, autograd and loops written out here."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from unrolled.rnn.recurrence import GRU, LSTM, RNN, Leaky, Recurrent
from unrolled.rnn.tape import Tape

T, B, E, H = 7, 4, 3, 5
MAKERS: dict[str, Callable[[int, int, str], Recurrent]] = {
    "rnn": lambda E, H, way: RNN(E, H, "tanh", way),
    "leaky": lambda E, H, way: Leaky(E, H, "tanh", 0.3, way),
    "leaky gelu": lambda E, H, way: Leaky(E, H, "gelu", 0.8, way),
    "lstm": LSTM,
    "gru": GRU,
}


def draw(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def make(name: str, backward: str = "bptt", inputs: int = E, hidden: int = H, seed: int = 0) -> Recurrent:
    torch.manual_seed(seed)
    layer = MAKERS[name](inputs, hidden, backward).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_()
    return layer


def initial(layer: Recurrent, batch: int, hidden: int) -> list[Tensor]:
    return [draw(batch, hidden, seed=11 + s).requires_grad_() for s in range(len(layer.cell.names))]


def holes(steps: int = T, batch: int = B) -> Tensor:
    return torch.rand(steps, batch, generator=torch.Generator().manual_seed(3)) > 0.4


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", MAKERS)
def test_gradcheck(name: str, masked: bool) -> None:
    layer = make(name)
    x, start = draw(T, B, E).requires_grad_(), initial(layer, B, H)

    def outputs(x: Tensor, *others: Tensor) -> tuple[Tensor, ...]:
        return layer.states(x, others[: len(start)], mask=holes() if masked else None)

    assert torch.autograd.gradcheck(outputs, (x, *start, *layer.parameters()))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 9), st.integers(1, 4), st.integers(1, 4), st.integers(1, 5), st.sampled_from(sorted(MAKERS)),
    st.booleans(), st.booleans(), st.integers(0, 2**31),
)  # fmt: skip
def test_by_hand_is_what_autograd_finds(  # noqa: PLR0917
    steps: int, batch: int, inputs: int, hidden: int, name: str, masked: bool, tokens: bool, seed: int
) -> None:
    draws = torch.Generator().manual_seed(seed)
    mask = torch.rand(steps, batch, generator=draws) > 0.3 if masked else None
    found = []
    for backward in ("bptt", "autograd"):
        layer, tape = make(name, backward, inputs, hidden, seed), Tape()
        x = draw(steps, batch, inputs, seed=seed).requires_grad_()
        x = torch.randint(inputs, (steps, batch), generator=torch.Generator().manual_seed(seed)) if tokens else x
        start = initial(layer, batch, hidden)
        h, *last = layer.states(x, start, tape, mask)
        (h.square().sum() + sum((3 + s) * each.sum() for s, each in enumerate(last))).backward()
        grads = [x.grad, *(each.grad for each in (*start, *layer.parameters()))]
        found.append([h, *last, *grads, tape.dh, tape.dc, tape.da, tape.dq, tape.h, tape.c])
    for a, b in zip(*found, strict=True):
        assert (a is None) is (b is None)
        if a is not None:
            torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-11)


PEERS = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
OURS = {"lstm": LSTM, "gru": GRU}


@pytest.mark.parametrize("steps", [1, 2, T])
@pytest.mark.parametrize("name", PEERS)
def test_outputs_and_gradients_are_those_of_torch(name: str, steps: int) -> None:
    torch.manual_seed(4)
    peer = PEERS[name](E, H).double()
    ours = OURS[name].from_torch(peer)
    weight, found = draw(steps, B, H, seed=5), []
    for layer in (ours, peer):
        x, start = draw(steps, B, E).requires_grad_(), initial(ours, B, H)
        if layer is ours:
            h, *last = ours.states(x, start)
        else:
            first = [each.unsqueeze(0) for each in start]
            h, kept = peer(x, tuple(first) if len(first) > 1 else first[0])
            last = [each[0] for each in kept] if isinstance(kept, tuple) else [kept[0]]
        ((h * weight).sum() + sum(each.square().sum() for each in last)).backward()
        grads = [parameter.grad for parameter in layer.parameters()]
        found.append([h, *last, x.grad, *(each.grad for each in start), *grads])
    for a, b in zip(*found, strict=False):  # of an LSTM torch has a second bias, whose gradient is the first's
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


def lstm_by_hand(layer: Recurrent, x: Tensor, mask: Tensor | None) -> tuple[list[Tensor], list[Tensor]]:
    """The formulas a step at a time; h_t, and c_t as it is handed on, keep their gradients."""
    h, c = (torch.zeros(x.shape[1], layer.hidden, dtype=x.dtype) for _ in range(2))
    hs, cs = [], []
    for t in range(len(x)):
        i, f, g, o = (x[t] @ layer.W_x.T + h @ layer.W_h.T + layer.b).chunk(4, 1)
        new = f.sigmoid() * c + i.sigmoid() * g.tanh()
        out = o.sigmoid() * new.tanh()
        real = torch.ones(x.shape[1], 1, dtype=torch.bool) if mask is None else mask[t, :, None]
        h, c = torch.where(real, out, h), torch.where(real, new, c) + 0
        for kept, into in ((h, hs), (c, cs)):
            kept.retain_grad()
            into.append(kept)
    return hs, cs


@pytest.mark.parametrize("masked", [False, True])
def test_the_tape_of_an_lstm_equals_retain_grad(masked: bool) -> None:
    layer, x, tape, weight = make("lstm"), draw(T, B, E), Tape(), draw(T, B, H, seed=6)
    mask = holes() if masked else None
    (layer(x, tape=tape, mask=mask) * weight).sum().backward()
    hs, cs = lstm_by_hand(layer, x, mask)
    (torch.stack(hs) * weight).sum().backward()
    assert tape.dh is not None and tape.dc is not None
    for t in range(T):
        torch.testing.assert_close(tape.dh[t], hs[t].grad, rtol=1e-10, atol=1e-13)
        wanted = cs[t].grad if t < T - 1 else torch.zeros(B, H, dtype=x.dtype)  # no step reads the last c
        torch.testing.assert_close(tape.dc[t], wanted, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", MAKERS)
def test_the_gradient_of_the_recurrent_weights_is_a_sum_over_steps(name: str) -> None:
    layer, tape = make(name), Tape()
    layer(draw(T, B, E), tape=tape).square().sum().backward()
    assert tape.dq is not None and tape.h is not None and layer.W_h.grad is not None
    steps = torch.einsum("tbg,tbh->tgh", tape.dq, tape.h[:-1])
    torch.testing.assert_close(steps.sum(0), layer.W_h.grad, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", MAKERS)
def test_steps_by_hand_are_the_unrolled_network(name: str) -> None:
    layer, x = make(name), draw(T, B, E)
    states = [torch.zeros(B, H, dtype=torch.float64) for _ in layer.cell.names]
    for t, h in enumerate(layer(x)):
        states = layer.advance(x[t], states)
        torch.testing.assert_close(states[0], h, rtol=1e-12, atol=1e-14)


def test_a_leak_of_1_is_the_vanilla_layer_and_0_keeps_the_state() -> None:
    vanilla, start = make("rnn"), draw(B, H, seed=2)
    for leak in (0.0, 1.0):
        leaky = Leaky(E, H, "tanh", leak).double()
        leaky.load_state_dict(vanilla.state_dict())
        wanted = vanilla(draw(T, B, E), start) if leak else start.expand(T, B, H)
        torch.testing.assert_close(leaky(draw(T, B, E), start), wanted, rtol=1e-12, atol=1e-14)
    with pytest.raises(ValueError, match=r"leak=1\.5: allowed are 0 to 1"):
        Leaky(E, H, leak=1.5)


def test_an_initial_state_that_does_not_fit_is_named() -> None:
    layer = make("lstm")
    with pytest.raises(ValueError, match="1 initial states, expected 2: h, c"):
        layer(draw(T, B, E), draw(B, H))
    with pytest.raises(ValueError, match=r"c0 has shape \(4, 6\), expected \(4, 5\)"):
        layer(draw(T, B, E), (draw(B, H), draw(B, H + 1)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", PEERS)
def test_weights_go_to_torch_and_back(name: str, dtype: torch.dtype) -> None:
    ours: Any = make(name).to(dtype)
    module = ours.to_torch()
    assert isinstance(module, PEERS[name]) and module.weight_hh_l0.dtype == dtype
    torch.testing.assert_close(module(draw(T, B, E).to(dtype))[0], ours(draw(T, B, E).to(dtype)), rtol=1e-5, atol=1e-6)
    back = OURS[name].from_torch(module)
    for a, b in zip(ours.parameters(), back.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"num_layers": 2}, "2 layers: one is wanted"),
        ({"bidirectional": True}, "two directions: one is wanted"),
        ({"proj_size": 2}, "proj_size=2: no projection is wanted"),
    ],
)
def test_another_structure_is_refused(options: dict[str, int], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        LSTM.from_torch(torch.nn.LSTM(E, H, **options))


@pytest.mark.parametrize("name", PEERS)
def test_a_module_without_biases_has_biases_of_0(name: str) -> None:
    module = PEERS[name](E, H, bias=False).double()
    torch.testing.assert_close(OURS[name].from_torch(module)(draw(T, B, E)), module(draw(T, B, E))[0])
