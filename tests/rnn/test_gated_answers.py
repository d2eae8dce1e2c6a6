"""Gated and leaky layers whose gradients are known in closed form."""

import math

import pytest
import torch
from torch import Tensor

from unrolled.rnn.recurrence import GRU, LSTM, RNN, Leaky, Recurrent
from unrolled.rnn.tape import Tape

B, E, H = 3, 2, 6


def zeroed(layer: Recurrent) -> Recurrent:
    """The layer with all parameters 0, float64."""
    layer = layer.double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
    return layer


def set_block(layer: Recurrent, name: str, block: int, value: float | Tensor) -> None:
    with torch.no_grad():
        getattr(layer, name).unflatten(0, (layer.cell.blocks, -1))[block] = value


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def jacobian(layer: Recurrent, x: Tensor, states: list[Tensor]) -> Tensor:
    """d(h, c)_t / d(h, c)_{t-1} of one sample, by autograd of a step's formula."""
    n = len(states)

    def step(flat: Tensor) -> Tensor:
        return torch.cat(layer.advance(x, list(flat.chunk(n))))

    return torch.autograd.functional.jacobian(step, torch.cat(states))  # type: ignore[return-value]


@pytest.mark.parametrize(("bias", "slope"), [(1.0, -0.3132617), (3.0, -0.0485874), (5.0, -0.0067153)])
def test_an_lstm_without_recurrent_weights_keeps_what_the_forget_gate_lets_through(bias: float, slope: float) -> None:
    """E1: dL/dc goes as sigma(b_f)^k, and no gradient reaches an earlier h."""
    layer, tape, T = zeroed(LSTM(E, H)), Tape(), 30
    set_block(layer, "b", 1, bias)
    _, h, _ = layer.states(torch.zeros(T, B, E, dtype=torch.float64), tape=tape)
    h.sum().backward()
    assert tape.dh is not None and tape.dc is not None
    assert (tape.dh[:-1] == 0).all()
    norms = tape.dc[:-1].flatten(1).norm(dim=1).log()
    assert torch.diff(norms).neg().numpy() == pytest.approx([slope] * (T - 2), abs=1e-6)
    assert -slope == pytest.approx(math.log1p(math.exp(-bias)), abs=1e-7)


@pytest.mark.parametrize("bias", [0.0, 1.0, 3.0])
def test_the_jacobian_of_an_lstm_at_its_zero_fixed_point(bias: float) -> None:
    """E2: eigenvalues f + i o lambda(W_hg), and H zeros; the other recurrent weights do not matter."""
    layer = zeroed(LSTM(E, H))
    set_block(layer, "b", 1, bias)
    with torch.no_grad():
        layer.W_h.copy_(draw(4 * H, H))
    J = jacobian(layer, torch.zeros(E, dtype=torch.float64), [torch.zeros(H, dtype=torch.float64)] * 2)
    f = 1 / (1 + math.exp(-bias))
    wanted = f + 0.25 * torch.linalg.eigvals(layer.W_h.detach()[2 * H : 3 * H])
    found = torch.linalg.eigvals(J)
    assert sorted(found.abs().tolist())[:H] == pytest.approx([0] * H, abs=1e-9)
    for each in wanted:
        assert float((found - each).abs().min()) < 1e-9


def test_a_carousel_keeps_its_gradient_exactly() -> None:
    """E3: b_f = 40, b_i = -40: f = 1 in float64."""
    layer, tape = zeroed(LSTM(E, H)), Tape()
    set_block(layer, "b", 0, -40.0)
    set_block(layer, "b", 1, 40.0)
    _, _, c = layer.states(draw(50, B, E), tape=tape)
    c.sum().backward()
    assert tape.dc is not None
    assert (tape.dc == 1).all()


def test_a_gru_that_keeps_its_state_has_the_identity_as_jacobian() -> None:
    """E4: b_z = 60, so z = 1."""
    layer, tape = zeroed(GRU(E, H)), Tape()
    with torch.no_grad():
        layer.W_h.copy_(draw(3 * H, H))
    set_block(layer, "b", 1, 60.0)
    weight = draw(B, H, seed=2)
    (layer.states(draw(40, B, E), tape=tape)[1] * weight).sum().backward()
    assert tape.dh is not None
    assert (tape.dh == weight).all()


def test_a_gru_with_open_gates_is_the_vanilla_layer() -> None:
    """E5: z = 0, r = 1: h_t = tanh(W_in x + W_hn h)."""
    gru, rnn, x = zeroed(GRU(E, H)), zeroed(RNN(E, H)), draw(20, B, E)
    W_x, W_h = draw(H, E, seed=3), draw(H, H, seed=4) / 2
    set_block(gru, "b", 0, 60.0)
    set_block(gru, "b", 1, -60.0)
    set_block(gru, "W_x", 2, W_x)
    set_block(gru, "W_h", 2, W_h)
    with torch.no_grad():
        rnn.W_x.copy_(W_x)
        rnn.W_h.copy_(W_h)
    tapes = [Tape(), Tape()]
    for layer, tape in zip((gru, rnn), tapes, strict=True):
        layer(x, tape=tape)[-1].sum().backward()
    torch.testing.assert_close(gru(x), rnn(x), rtol=1e-12, atol=1e-14)
    assert tapes[0].dh is not None
    torch.testing.assert_close(tapes[0].dh, tapes[1].dh, rtol=1e-12, atol=1e-14)


def test_an_lstm_that_forgets_all_is_a_layer_of_two_tanh() -> None:
    """E6: f = 0, i = o = 1: dh_t/dh_{t-1} = diag((1 - h^2)(1 - g^2)) W_hg."""
    layer = zeroed(LSTM(E, H))
    for block, bias in ((0, 60.0), (1, -60.0), (3, 60.0)):
        set_block(layer, "b", block, bias)
    W = draw(H, H, seed=5) / 2
    set_block(layer, "W_h", 2, W)
    before = [draw(H, seed=6).tanh(), draw(H, seed=7)]
    J = jacobian(layer, torch.zeros(E, dtype=torch.float64), before)
    g = torch.tanh(W @ before[0])
    wanted = ((1 - torch.tanh(g) ** 2) * (1 - g**2)).unsqueeze(1) * W
    torch.testing.assert_close(J[:H, :H], wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("leak", "slope"), [(0.1, -0.1053605), (0.2, -0.2231436), (0.5, -0.6931472)])
def test_a_leaky_layer_without_recurrent_weights_decays_by_its_leak(leak: float, slope: float) -> None:
    """E9: ln(1 - a)."""
    layer, tape = zeroed(Leaky(E, H, "identity", leak)), Tape()
    layer(draw(30, B, E), tape=tape)[-1].sum().backward()
    assert tape.dh is not None
    norms = tape.dh.flatten(1).norm(dim=1).log()
    assert torch.diff(norms).neg().numpy() == pytest.approx([slope] * 29, abs=1e-6)


@pytest.mark.parametrize("g", [0.0, 0.05, 0.2])
def test_an_antisymmetric_leaky_layer_grows_as_eulers_method_does(g: float) -> None:
    """E11: h + e (A - g I) h with eigenvalues +-i w of A: |1 - e g + i e w|, which exceeds 1 without damping."""
    e, w, T = 0.1, 1.0, 60
    layer, tape = zeroed(Leaky(E, 2, "identity", e)), Tape()
    turn = torch.tensor([[0.0, w], [-w, 0.0]], dtype=torch.float64)
    with torch.no_grad():
        layer.W_h.copy_(turn + (1 - g) * torch.eye(2, dtype=torch.float64))
    layer(draw(T, B, E), tape=tape)[-1].sum().backward()
    assert tape.dh is not None
    norms = tape.dh.norm(dim=2).log()
    wanted = 0.5 * math.log((1 - e * g) ** 2 + (e * w) ** 2)
    assert torch.diff(norms, dim=0).neg().numpy() == pytest.approx(wanted, abs=1e-10)
    assert (wanted > 0) is (g < 0.1)
