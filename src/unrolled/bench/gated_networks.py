"""Networks with gates, and leaky ones, whose regime is known from a closed form, without carrying a gradient.

Each keeps its gates constant or sits at its zero fixed point; the slope is then one number. Cases with a slope near the
edge of the band are left out: there both labels are right.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from unrolled.rnn import GRU, LSTM, Leaky, Recurrent
from unrolled.rnn.init import orthogonal

from .networks import Case, E, inputs

SIZES = ((4, 60), (16, 100), (32, 200))  # H and T
SAMPLES = 4
CLOSED, OPEN = -60.0, 60.0  # biases: s is 0 or 1 up to 1e-26


def gated(seed: int = 0) -> list[Case]:
    """Builds the labelled suite of gated and leaky layers."""
    draw = torch.Generator().manual_seed(seed)
    kinds = (_forgetting, _lstm_at_rest, _updating, _gru_at_rest, _gru_as_rnn, _leaky, _antisymmetric)
    return [case for kind in kinds for H, T in SIZES for case in kind(H, T, draw)]


def _forgetting(H: int, T: int, draw: torch.Generator) -> Iterator[Case]:
    """LSTM without recurrent weights: dc_{t-1} = s(b_f) dc_t, whatever the inputs are."""
    for bias in (-5.0, -3.0, 0.0, 1.0, 2.0, 3.0, 5.0, 8.0, OPEN):
        f = _logistic(bias)
        layer = _made(LSTM(E, H), {"f": bias})
        yield from _case(math.log(f), f"LSTM, f = s({bias:g})", layer, inputs(T, SAMPLES, draw), closed=f < 0.1)


def _lstm_at_rest(H: int, T: int, _draw: torch.Generator) -> Iterator[Case]:
    """LSTM at its zero fixed point with W_hg = c I: the eigenvalues of J are f + i o c and 0; i = o = 1/2."""
    for bias in (0.0, 1.0):
        f = _logistic(bias)
        for c in (0.5, 1.0, 1.5, 4 * (1 - f), 3.0, 4.0):
            layer = _made(LSTM(E, H), {"f": bias}, {"g": c * _identity(H)})
            yield from _case(math.log(f + c / 4), f"LSTM at rest, W_hg = {c:g} I", layer, _nothing(T))


def _updating(H: int, T: int, _draw: torch.Generator) -> Iterator[Case]:
    """GRU without recurrent weights at rest: dh_{t-1} = s(b_z) dh_t."""
    for bias in (-5.0, -3.0, 0.0, 1.0, 2.0, 3.0, 5.0, 8.0, OPEN):
        z = _logistic(bias)
        layer = _made(GRU(E, H), {"z": bias})
        yield from _case(math.log(z), f"GRU, z = s({bias:g})", layer, _nothing(T), closed=z < 0.1)


def _gru_at_rest(H: int, T: int, _draw: torch.Generator) -> Iterator[Case]:
    """GRU at its zero fixed point with W_hn = c I: J = (z + (1 - z) r c) I with z = r = 1/2, critical at c = 1/r."""
    for c in (0.5, 1.0, 2.0, 3.0, 4.0):
        layer = _made(GRU(E, H), {}, {"n": c * _identity(H)})
        yield from _case(math.log(0.5 + c / 4), f"GRU at rest, W_hn = {c:g} I", layer, _nothing(T))


def _gru_as_rnn(H: int, T: int, draw: torch.Generator) -> Iterator[Case]:
    """GRU with z = 0 and r = 1 at rest: the vanilla layer with W_hn = c Q; its gate z is closed."""
    for c in (0.7, 0.9, 1.0, 1.1, 1.3):
        layer = _made(GRU(E, H), {"z": CLOSED, "r": OPEN}, {"n": c * orthogonal(H, draw)})
        yield from _case(math.log(c), f"GRU as a vanilla layer, {c:g} Q", layer, _nothing(T), closed=True)


def _leaky(H: int, T: int, draw: torch.Generator) -> Iterator[Case]:
    """Leaky layer with the identity as f and W_h = c I: J = (1 - a + a c) I."""
    for a in (0.1, 0.5, 1.0):
        for c in (0.5, 1.0, 1.5) if a == 1 else (0.0, 0.5, 1.0, 1.5):
            layer = _made(Leaky(E, H, "identity", a), {}, {"": c * _identity(H)})
            yield from _case(math.log(1 - a + a * c), f"leaky, a={a:g}, {c:g} I", layer, inputs(T, SAMPLES, draw))


def _antisymmetric(H: int, T: int, draw: torch.Generator) -> Iterator[Case]:
    """Leaky layer with the identity as f whose step is I + e (A - g I), A a rotation by right angles of size w.

    The moduli of all eigenvalues are sqrt((1 - e g)^2 + e^2 w^2): explicit Euler (Chang et al. 2019).
    """
    for e, g, w in ((0.1, 0.0, 1.0), (0.1, 0.05, 1.0), (0.1, 0.2, 1.0), (0.1, 0.0, 4.0), (0.1, 2.0, 1.0)):
        turn = torch.tensor([[0.0, w], [-w, 0.0]], dtype=torch.float64)
        W_h = torch.block_diag(*[turn] * (H // 2)) + (1 - g) * _identity(H)
        slope = 0.5 * math.log((1 - e * g) ** 2 + (e * w) ** 2)
        layer = _made(Leaky(E, H, "identity", e), {}, {"": W_h})
        yield from _case(slope, f"antisymmetric, e={e:g} g={g:g} w={w:g}", layer, inputs(T, SAMPLES, draw))


def _made(layer: Recurrent, biases: dict[str, float], W_h: dict[str, Tensor] | None = None) -> Recurrent:
    """Returns the layer in float64 with these biases and blocks of W_h by gate; all other weights are 0."""
    layer = layer.double()
    with torch.no_grad():
        for weights in layer.parameters():
            weights.zero_()
        for i, gate in enumerate(layer.cell.gates):
            rows = slice(i * layer.hidden, (i + 1) * layer.hidden)
            layer.b[rows] = biases.get(gate, 0.0)
            if W_h is not None and gate in W_h:
                layer.W_h[rows] = W_h[gate]
    return layer


def _case(slope: float, why: str, layer: Recurrent, x: Tensor, closed: bool = False) -> Iterator[Case]:
    """Yields the case, unless its slope lies within a tenth of the band's edge.

    closed: whether the gate that keeps the state is below 0.1.
    """
    band = min(0.05, math.log(10) / (len(x) - 1))
    if abs(abs(slope) - band) < 0.1 * band:
        return
    shrinking = "saturated" if closed else "vanishing"
    yield Case(shrinking if slope < -band else "exploding" if slope > band else "stable", why, layer, x)


def _logistic(bias: float) -> float:
    return 1 / (1 + math.exp(-bias))


def _identity(H: int) -> Tensor:
    return torch.eye(H, dtype=torch.float64)


def _nothing(T: int) -> Tensor:
    return torch.zeros(T, SAMPLES, E, dtype=torch.float64)
