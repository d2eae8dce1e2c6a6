"""Layers whose gradient is a power of something known: stacked, rotating, dilated, or kept by a forget gate."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from unrolled.rnn import LSTM, RNN, Leaky, Recurrent, Tape


def weighted(layer: Recurrent, W_x: Tensor | float, W_h: Tensor | float) -> Recurrent:
    """The layer in float64 with these weights and no bias."""
    layer = layer.double().requires_grad_(False)
    layer.W_x[:], layer.W_h[:], layer.b[:] = W_x, W_h, 0
    return layer.requires_grad_(True)


def draw(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def turn(angle: float) -> Tensor:
    return torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], dtype=torch.float64)


def by_lag(layer: Recurrent, x: Tensor, dh_T: Tensor) -> Tensor:
    """dL/dh_{T-k}, (T, B, H), by lag k."""
    tape = Tape()
    (layer(x, tape=tape)[-1] * dh_T).sum().backward()
    assert tape.dh is not None
    return tape.dh.flip(0)


def test_two_stacked_integrators_first_grow_and_then_decay() -> None:
    """dL/dh1_{T-k} = (k + 1) c^k: 3.8742 at lags 8 and 9, below 1 from lag 34, and steeper than c only in the end."""
    c, T, lower = 0.9, 60, Tape()
    first, second = (weighted(Leaky(1, 1, "identity", 1 - c), 1 / (1 - c), 0.0) for _ in range(2))
    second(first(draw(T, 1, 1), tape=lower))[-1].sum().backward()
    assert lower.dh is not None
    found, k = lower.dh.flip(0).flatten().numpy(), np.arange(T)
    assert found == pytest.approx((k + 1) * c**k, rel=1e-12)
    assert found.max() == pytest.approx(3.8742, abs=5e-5)
    assert found[8] == pytest.approx(found[9], rel=1e-12)
    assert int(np.argmax(found < 1)) == 34
    assert math.log(found[51] / found[50]) == pytest.approx(-0.08594, abs=5e-6)


@pytest.mark.parametrize(("r", "nu"), [(0.9, -2.250367), (0.999, -6.907255)])
def test_a_rotation_with_modulus_exp_of_minus_exp_nu_has_the_slope_minus_exp_nu(r: float, nu: float) -> None:
    """A linear recurrent unit (Orvieto et al. 2023), its complex state as two real ones."""
    norms = by_lag(weighted(RNN(1, 2, "identity"), 1.0, r * turn(0.7)), draw(50, 2, 1), draw(2, 2)).norm(dim=2).log()
    assert torch.diff(norms, dim=0).numpy() == pytest.approx(-math.exp(nu), rel=1e-6)


def test_the_exponential_of_a_skew_matrix_keeps_every_singular_value_at_1() -> None:
    H, T = 6, 80
    A = draw(H, H)
    layer = weighted(RNN(1, H, "identity"), 0.0, torch.linalg.matrix_exp(A - A.t()))
    products = by_lag(layer, torch.zeros(T, H, 1, dtype=torch.float64), torch.eye(H, dtype=torch.float64))
    assert torch.linalg.svdvals(products).numpy() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("d", [2, 5])
def test_a_dilated_layer_reaches_only_multiples_of_its_dilation(d: int) -> None:
    """h_t = c Q h_{t-d} + x_t, as a vanilla layer that holds the last d states: c^(k/d), and exactly 0 between."""
    c, T, n = 0.8, 31, 2
    W_h = torch.zeros(d * n, d * n, dtype=torch.float64)
    W_h[:n, -n:] = c * turn(0.3)
    W_h[n:, :-n] = torch.eye((d - 1) * n)
    dh_T = torch.zeros(1, d * n, dtype=torch.float64)
    dh_T[0, 0] = 1
    newest = by_lag(weighted(RNN(1, d * n, "identity"), 0.0, W_h), draw(T, 1, 1), dh_T)[:, 0, :n].norm(dim=1)
    for k, norm in enumerate(newest.tolist()):
        assert norm == (0 if k % d else pytest.approx(c ** (k // d), rel=1e-12))


def kept_by_the_forget_gate(layer: LSTM, T: int) -> np.ndarray:
    """RMS over units of dL/dc_{T-k} for dL/dc_T = 1, by lag k from 1, without input and recurrent weights."""
    tape = Tape()
    _, _, c = layer.states(torch.zeros(T, 1, 1, dtype=torch.float64), tape=tape)
    c.sum().backward()
    assert tape.dc is not None
    return tape.dc[:-1].flip(0).square().mean((1, 2)).sqrt().numpy()


@pytest.mark.parametrize(
    ("T_max", "kept"),
    [(100, {1: 0.96185, 10: 0.76269, 50: 0.38684, 100: 0.19394}), (1000, {100: 0.75825, 1000: 0.19376})],
    ids=["100", "1000"],
)
def test_chrono_biases_spread_memories_up_to_the_longest(T_max: int, kept: dict[int, float]) -> None:
    """b_f = ln U(1, T_max - 1) (Tallec & Ollivier 2018), here at its quantiles: the root of E[(u / (1 + u))^(2k)]."""
    H = 100
    layer = LSTM(1, H)
    weighted(layer, 0.0, 0.0)
    u = 1 + (T_max - 2) * (torch.arange(H, dtype=torch.float64) + 0.5) / H
    with torch.no_grad():
        layer.b[H : 2 * H] = u.log()
    found = kept_by_the_forget_gate(layer, max(kept) + 1)
    assert {k: found[k - 1] for k in kept} == pytest.approx(kept, abs=2e-3)
    assert float((1 + u).median()) == pytest.approx((T_max + 2) / 2, rel=0.02)  # steps for which a unit keeps its state


def test_torchs_default_lstm_forgets_half_at_each_step() -> None:
    """Its two biases of the forget gate add to a mean of 0: the cell path has the slope -ln 2 before W_h adds to it."""
    torch.manual_seed(0)
    layer = LSTM.from_torch(nn.LSTM(1, 256)).double()
    with torch.no_grad():
        layer.W_h.zero_()
    slopes = np.diff(np.log(kept_by_the_forget_gate(layer, 12)))
    assert slopes == pytest.approx(-math.log(2), abs=0.02)
