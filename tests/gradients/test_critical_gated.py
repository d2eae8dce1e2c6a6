"""Critical gains of gated layers, against eigenvalues of the Jacobian of torch's own cells."""

import math

import pytest
import torch
from torch import Tensor, nn

from unrolled.gradients import critical_gain_gated

GIVEN = [
    ("lstm", 0.0, 0.0, 0.0),
    ("lstm", 1.0, 0.0, 0.0),
    ("lstm", 3.0, 0.0, 0.0),
    ("lstm", -1.0, 2.0, -0.5),
    ("gru", 0.0, 0.0, 0.0),
    ("gru", 2.0, 0.0, 0.0),
    ("gru", -1.0, 1.0, 0.0),
]


def radius(kind: str, biases: tuple[float, float, float], W: Tensor) -> float:
    """Spectral radius of the Jacobian of the joint state at 0, where W makes the new content."""
    H, states = len(W), 2 if kind == "lstm" else 1
    forget, enter, leave = biases
    by_block = [enter, forget, 0.0, leave] if kind == "lstm" else [enter, forget, 0.0]  # i, f, g, o or r, z, n
    cell = (nn.LSTMCell if kind == "lstm" else nn.GRUCell)(1, H).double()
    with torch.no_grad():
        cell.weight_hh[2 * H : 3 * H] = W
        cell.bias_hh.zero_()
        cell.bias_ih.copy_(torch.tensor(by_block).repeat_interleave(H))
    x = torch.zeros(1, dtype=torch.float64)

    def step(flat: Tensor) -> Tensor:
        return torch.cat(cell(x, flat.chunk(2))) if states == 2 else cell(x, flat)

    J = torch.autograd.functional.jacobian(step, torch.zeros(states * H, dtype=torch.float64), vectorize=True)
    return float(torch.linalg.eigvals(J).abs().max())  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "forget", "enter", "leave"), GIVEN)
def test_at_the_critical_gain_the_radius_is_1(kind: str, forget: float, enter: float, leave: float) -> None:
    """W is positive: its largest eigenvalue is real (Perron). It is scaled to 1."""
    W = torch.rand(12, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    W = W / torch.linalg.eigvals(W).abs().max()
    gain = critical_gain_gated(kind, forget, enter, leave)
    assert radius(kind, (forget, enter, leave), gain * W) == pytest.approx(1, abs=1e-9)
    assert (
        radius(kind, (forget, enter, leave), 0.9 * gain * W) < 1 < radius(kind, (forget, enter, leave), 1.1 * gain * W)
    )


@pytest.mark.parametrize(("kind", "forget"), [("lstm", 1.0), ("gru", 0.0)])
def test_gaussian_weights_of_that_gain_are_critical(kind: str, forget: float) -> None:
    """The eigenvalues of H = 400 units fill a disc of radius g up to a few per cent (Ginibre 1965)."""
    H = 400
    W = torch.randn(H, H, generator=torch.Generator().manual_seed(1), dtype=torch.float64) / math.sqrt(H)
    assert radius(kind, (forget, 0.0, 0.0), critical_gain_gated(kind, forget) * W) == pytest.approx(1, abs=0.03)


def test_known_gains() -> None:
    assert critical_gain_gated("lstm") == pytest.approx(2, abs=1e-12)
    assert critical_gain_gated("lstm", 1) == pytest.approx(1.0758, abs=5e-5)
    assert critical_gain_gated("lstm", 3) == pytest.approx(0.1897, abs=5e-5)
    assert [critical_gain_gated("gru", bias) for bias in (-2, 0, 2)] == [2, 2, 2]


def test_what_is_wrong_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown kind 'rnn'; allowed: lstm, gru"):
        critical_gain_gated("rnn")
    with pytest.raises(ValueError, match=r"output_bias=1\.0: a GRU has no output gate, allowed is 0"):
        critical_gain_gated("gru", output_bias=1.0)
    with pytest.raises(ValueError, match="all must be finite"):
        critical_gain_gated("lstm", math.inf)
