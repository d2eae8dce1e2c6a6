"""Networks whose regime is known by construction or from a closed form, without carrying a gradient."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from unrolled.gradients.mean_field import mean_field
from unrolled.rnn import ACTIVATIONS, RNN, Recurrent
from unrolled.rnn.init import gaussian, orthogonal

E = 3


@dataclass(frozen=True)
class Case:
    """A network of a known regime.

    truth: its regime.
    why: how that is known.
    rnn, x, h0: the layer, its inputs (T, B, E) and its initial state (B, H), None = 0.
    """

    truth: str
    why: str
    rnn: Recurrent
    x: Tensor
    h0: Tensor | None = None


def constructed(seed: int = 0) -> list[Case]:
    """Builds the labelled suite: sizes 2 to 256, T from 10 to 500, driven and free, every regime that has a name."""
    draw = torch.Generator().manual_seed(seed)
    kinds = (_rotations, _positive, _linear, _contractions, _humps, _tents, _chaos, _dead, _saturated, _overflow, _near)
    return [case for kind in kinds for case in kind(draw)]


def network(activation: str, W_h: Tensor, b: Tensor | float = 0.0, input_gain: float = 0.0, draw=None) -> RNN:
    """Builds a layer with E inputs, float64.

    b: a number, or (H,).
    input_gain: entries of W_x have sd input_gain / sqrt(E).
    draw: generator of W_x.
    """
    rnn = RNN(E, len(W_h), activation).double()
    with torch.no_grad():
        rnn.W_h.copy_(W_h)
        rnn.b.copy_(torch.as_tensor(b, dtype=torch.float64).expand(len(W_h)))
        rnn.W_x.copy_(input_gain * torch.randn(rnn.W_x.shape, generator=draw, dtype=torch.float64) / math.sqrt(E))
    return rnn


def inputs(T: int, B: int, draw: torch.Generator) -> Tensor:
    return torch.randn(T, B, E, generator=draw, dtype=torch.float64)


def _sign(c: float) -> str:
    return "stable" if c == 1 else ("exploding" if c > 1 else "vanishing")


def _rotations(draw: torch.Generator) -> Iterator[Case]:
    """J_t = cQ at every step, whatever the inputs are."""
    for H in (2, 8, 32, 128, 256):
        for c in (0.5, 0.8, 0.93, 1.0, 1.07, 1.2, 2.0):
            for T in (10, 60, 300):
                rnn = network("identity", c * orthogonal(H, draw), 0.1, 1.0, draw)
                yield Case(_sign(c), f"identity, {c} Q", rnn, inputs(T, 4, draw))


def _positive(draw: torch.Generator) -> Iterator[Case]:
    """ReLU and leaky ReLU that stay on their linear side: W_h = c P, P a permutation, everything added is positive."""
    for activation in ("relu", "leaky_relu"):
        for c in (0.7, 0.9, 1.0, 1.1, 1.4):
            for H, T in ((3, 40), (16, 100), (64, 200)):
                P = torch.eye(H, dtype=torch.float64)[torch.randperm(H, generator=draw)]
                rnn = network(activation, c * P, 1.0)
                with torch.no_grad():
                    rnn.W_x.fill_(0.3)
                yield Case(_sign(c), f"{activation}, {c} P, all on", rnn, inputs(T, 4, draw).abs())


def _linear(draw: torch.Generator) -> Iterator[Case]:
    """Gaussian matrices scaled to a spectral radius, with T so long that the eigenvalues decide."""
    for H in (4, 16, 64, 200):
        for rho in (0.8, 0.9, 1.15, 1.4):
            W = gaussian(H, draw)
            W = W * (rho / float(torch.linalg.eigvals(W).abs().max()))
            for gain in (0.0, 1.0):
                rnn = network("identity", W, 0.0, gain, draw)
                yield Case(_sign(rho), f"identity, Gaussian with rho {rho}", rnn, inputs(400, 4, draw))


def _contractions(draw: torch.Generator) -> Iterator[Case]:
    """gamma sigma_max <= .9: every gradient of every input vanishes (Pascanu et al. 2013)."""
    for activation in ACTIVATIONS:
        if activation in ("relu", "hardtanh"):
            continue  # all units may be off: the gradient is then exactly 0, which is another regime
        for H, T, bound in ((4, 15, 0.5), (16, 60, 0.8), (64, 150, 0.9), (256, 500, 0.9)):
            W = gaussian(H, draw)
            W = W * (bound / float(torch.linalg.matrix_norm(W, 2)) / ACTIVATIONS[activation].gamma)
            rnn = network(activation, W, 0.0, 0.3 if T == 60 else 0.05, draw)
            yield Case("vanishing", f"{activation}, gamma sigma_max {bound}", rnn, inputs(T, 6, draw))


def _humps(draw: torch.Generator) -> Iterator[Case]:
    """[[a, k], [0, a]] and its like: norm of W^n grows to far above 3, then decays; rho = a < 1 (SCIENCE A4)."""
    for a, k, T in ((0.9, 10, 80), (0.9, 10, 40), (0.8, 20, 60), (0.95, 5, 150), (0.95, 10, 60), (0.7, 30, 40)):
        for copies in (1, 4, 16):
            block = torch.tensor([[a, k], [0, a]], dtype=torch.float64)
            W = torch.block_diag(*[block] * copies)
            Q = orthogonal(2 * copies, draw)
            yield Case(
                "transient", f"identity, [[{a}, {k}], [0, {a}]]", network("identity", Q @ W @ Q.T), inputs(T, 4, draw)
            )


def _tents(draw: torch.Generator) -> Iterator[Case]:
    """The tent map in two ReLU units, several side by side: its exponent is ln m > 0 and its state stays in [0, 1]."""
    for m in (1.5, 1.7, 1.9):
        for copies in (1, 3, 8):
            for T in (100, 250, 500):
                block = torch.tensor([[m, -2 * m], [m, -2 * m]], dtype=torch.float64)
                rnn = network("relu", torch.block_diag(*[block] * copies), torch.tensor([0, -0.5] * copies))
                start = torch.rand(4, copies, generator=draw, dtype=torch.float64) * 0.3 + 0.3
                h0 = torch.stack([start, (start - 0.5).clamp_min(0)], dim=2).reshape(4, 2 * copies)
                yield Case("chaotic", f"tent map, m = {m}", rnn, inputs(T, 4, draw), h0)


def _chaos(draw: torch.Generator) -> Iterator[Case]:
    """Gaussian tanh networks without input, far beyond the transition (Sompolinsky et al. 1988): 1/2 ln chi > .15."""
    for H, gains in ((100, (3.0, 5.0)), (256, (2.0, 3.0, 5.0))):
        for g in gains:
            assert mean_field("tanh", g * g, 0.0).chi > math.exp(0.3)
            for T in (200, 500):
                rnn = network("tanh", g * gaussian(H, draw))
                h0 = torch.randn(4, H, generator=draw, dtype=torch.float64)
                yield Case("chaotic", f"tanh, Gaussian with gain {g}", rnn, inputs(T, 4, draw), h0)


def _dead(draw: torch.Generator) -> Iterator[Case]:
    """ReLU units that nothing can switch on: b far below what W_h h + W_x x reach."""
    for H, T in ((2, 10), (8, 30), (32, 100), (64, 300), (256, 200)):
        for c in (0.5, 1.0, 3.0):
            rnn = network("relu", c * orthogonal(H, draw), -50.0, 1.0, draw)
            yield Case("dead", "relu, b = -50", rnn, inputs(T, 4, draw))


def _saturated(draw: torch.Generator) -> Iterator[Case]:
    """|a| is at least |b| - sup|W_h h| - |W_x x|, so that |f'| < gamma/10 at every unit, while gamma rho > 1."""
    for activation, b, c in (
        ("tanh", 8.0, 1.5),
        ("sigmoid", 30.0, 6.0),
        ("softsign", 20.0, 1.2),
        ("hardtanh", 9.0, 1.2),
    ):
        for sign in (1.0, -1.0):
            for H, T in ((2, 12), (8, 40), (16, 120), (16, 400)):
                signs = sign * (torch.randint(0, 2, (H,), generator=draw).double() * 2 - 1)
                rnn = network(activation, c * orthogonal(H, draw), b * signs, 0.2, draw)
                yield Case("saturated", f"{activation}, |b| = {b}", rnn, inputs(T, 4, draw))


def _overflow(draw: torch.Generator) -> Iterator[Case]:
    """c^T exceeds the largest float64, 1e308."""
    for activation in ("identity", "relu", "leaky_relu"):
        for H, T, c in ((3, 100, 1e4), (16, 300, 30.0), (64, 500, 10.0), (32, 200, 1e3)):
            P = torch.eye(H, dtype=torch.float64)[torch.randperm(H, generator=draw)]
            yield Case("diverged", f"{activation}, {c} P", network(activation, c * P, 1.0), inputs(T, 4, draw))


def _near(draw: torch.Generator) -> Iterator[Case]:
    """tanh, hardtanh and softsign so close to 0 that they are linear: J_t = cQ up to 1e-6."""
    for activation in ("tanh", "hardtanh", "softsign"):
        for c in (0.6, 0.85, 1.0):
            for H, T in ((4, 20), (32, 80), (128, 200)):
                rnn = network(activation, c * orthogonal(H, draw), 0.0, 1e-9, draw)
                yield Case(_sign(c), f"{activation}, {c} Q, states of 1e-9", rnn, inputs(T, 6, draw))
