"""Networks on which simple rules for a regime fail; the truth follows from W_h and the chosen f' at each step.

Inputs can bring a layer to any pre-activations a_t: with W_x = I, x_t = a_t - W_h h_{t-1}. That allows any f' at each
step. With an orthogonal W_h, and the same f' at all units, a step multiplies the gradient by exactly gain times f'.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from unrolled.rnn import RNN
from unrolled.rnn.activations import activation
from unrolled.rnn.init import orthogonal

SAMPLES = 12


@dataclass(frozen=True)
class Hard:
    """A network on which simple rules fail.

    kind: the difficulty.
    truth: its regime.
    rnn, x, h0: the layer, its inputs (T, B, H) and its initial state (B, H).
    dh_T: (B, H), gradient of the loss in the last state; None = random directions.
    """

    kind: str
    truth: str
    rnn: RNN
    x: Tensor
    h0: Tensor | None = None
    dh_T: Tensor | None = None  # noqa: N815


def hard(seed: int = 0) -> list[Hard]:
    """Draws at least ten networks of each kind."""
    draw = torch.Generator().manual_seed(seed)
    kinds = (_blocks, _jordan, _low_rank, _resting, _cycles, _samples, _delays, _first_steps, _plateaus, _kills, _coins)
    return [case for kind in kinds for case in kind(draw)]


def driven_layer(name: str, W_h: Tensor, a: Tensor) -> tuple[RNN, Tensor]:
    """Builds a layer, and inputs (T, B, H) that bring it to the pre-activations a.

    name: of the activation.
    W_h: (H, H).
    a: (T, B, H).
    """
    _, B, H = a.shape
    h = activation(name).f(a)
    before = torch.cat([a.new_zeros(1, B, H), h[:-1]])
    return _layer(name, W_h), a - before @ W_h.T


def tanh_at(slope: Tensor) -> Tensor:
    """Solves tanh'(a) = slope, in (0, 1], for a; small slopes by the tail 4 exp(-2 a), as 1 - slope would round."""
    return torch.where(slope > 1e-3, torch.atanh((1 - slope).clamp(0, 1 - 1e-6).sqrt()), 0.5 * torch.log(4 / slope))


def _layer(name: str, W_h: Tensor) -> RNN:
    rnn = RNN(len(W_h), len(W_h), name).double()
    with torch.no_grad():
        rnn.W_x.copy_(torch.eye(len(W_h)))
        rnn.W_h.copy_(W_h)
        rnn.b.zero_()
    return rnn


def _free(W_h: Tensor, T: int, kind: str, truth: str, dh_T: Tensor | None = None) -> Hard:
    """Builds a linear layer without input."""
    return Hard(kind, truth, _layer("identity", W_h), W_h.new_zeros(T, SAMPLES, len(W_h)), dh_T=dh_T)


def _uniform(rates: Tensor, gain: float, H: int, draw: torch.Generator) -> tuple[RNN, Tensor]:
    """Builds tanh units with slope exp(rates[t, b]) / gain: each step adds rates[t, b] nats to the gradient."""
    a = tanh_at((rates - math.log(gain)).exp()).unsqueeze(2)
    signs = torch.randint(0, 2, (H,), generator=draw).double() * 2 - 1
    return driven_layer("tanh", gain * orthogonal(H, draw), a * signs)


def _sign(value: float) -> str:
    return "stable" if value == 1 else "exploding" if value > 1 else "vanishing"


def _blocks(draw: torch.Generator) -> Iterator[Hard]:
    """The loss reads one block, and the spectral radius is that of another."""
    for read, other, T in ((0.98, 1.02, 200), (0.95, 1.05, 100), (0.9, 1.0, 60), (0.99, 1.05, 400), (0.8, 1.2, 40)):
        for mine, rest in ((read, other), (other, read)):
            W = torch.diag(torch.tensor([rest, rest, mine, mine], dtype=torch.float64))
            dh = torch.zeros(SAMPLES, 4, dtype=torch.float64)
            dh[:, 2:] = torch.randn(SAMPLES, 2, generator=draw, dtype=torch.float64)
            yield _free(W, T, "the loss reads one block", _sign(mine), dh)


def _jordan(draw: torch.Generator) -> Iterator[Hard]:
    """Eigenvalues of modulus 1 in a block of size n: the norm grows as k^(n-1) / (n-1)! over k steps."""
    for size, T in ((2, 100), (2, 142), (2, 300), (3, 60), (3, 100), (3, 400), (4, 50), (4, 90), (4, 150), (5, 80)):
        block = torch.eye(size, dtype=torch.float64) + torch.diag(torch.ones(size - 1, dtype=torch.float64), 1)
        Q = orthogonal(size, draw)
        yield _free(Q @ block @ Q.T, T, "defective, |lambda| = 1", "exploding")


def _low_rank(draw: torch.Generator) -> Iterator[Hard]:
    """W_h = lambda u v^T / (v . u): from the second lag on each step multiplies by lambda (Mastrogiuseppe 2018)."""
    for H, T in ((16, 40), (64, 60), (64, 200), (200, 100)):
        for value in (1.0, 1.1, 0.9):
            for angle in (1.0, 0.5):
                u, side = torch.linalg.qr(torch.randn(H, 2, generator=draw, dtype=torch.float64))[0].T
                v = angle * u + math.sqrt(1 - angle**2) * side
                yield _free(value * torch.outer(u, v) / angle, T, "low rank", _sign(value))


def _resting(draw: torch.Generator) -> Iterator[Hard]:
    """Four units grow, one rests at a large value, others turn on and off: the state is not bounded."""
    for size in (1e3, 1e8, 1e14):
        for gain, T in ((1.2, 100), (1.1, 150), (1.3, 60), (1.5, 60)):
            P = torch.eye(4, dtype=torch.float64)[torch.randperm(4, generator=draw)]
            W = torch.block_diag(gain * P, torch.eye(1), torch.eye(3) / 2)
            x = torch.zeros(T, SAMPLES, 8, dtype=torch.float64)
            x[:, :, 5:] = torch.randn(T, SAMPLES, 3, generator=draw, dtype=torch.float64)
            h0 = torch.rand(SAMPLES, 8, generator=draw, dtype=torch.float64)
            h0[:, 4] = size
            yield Hard("a unit at rest beside growing ones", "exploding", _layer("relu", W), x, h0)


def _cycles(draw: torch.Generator) -> Iterator[Hard]:
    """Two groups of units are on in turn, with gains c r and c / r between them: every second point stands out."""
    for name in ("relu", "hardtanh"):
        for c, T in ((1.0, 40), (1.0, 101), (0.9, 60), (0.8, 41), (1.0, 300), (0.95, 200)):
            r = 4 + 12 * float(torch.rand((), generator=draw))
            W = torch.zeros(8, 8, dtype=torch.float64)
            W[:4, 4:], W[4:, :4] = c * r * orthogonal(4, draw), c / r * orthogonal(4, draw)
            on = (torch.arange(T).unsqueeze(1) + torch.arange(8) // 4) % 2 == 0
            a = torch.where(on, 0.5, -0.5 if name == "relu" else 2.0).double().unsqueeze(1).expand(T, SAMPLES, 8)
            yield Hard("units on and off in turn", _sign(c), *driven_layer(name, W, a))


def _samples(draw: torch.Generator) -> Iterator[Hard]:
    """The gradients of some samples fall at every step, the others grow, with or without noise of their own.

    The states of those that grow are unstable: beyond 25 nats rounding would lead them elsewhere.
    """
    for share, T in ((0.5, 60), (0.9, 60), (0.1, 100), (0.5, 300), (0.3, 40), (0.8, 150)):
        for noise in (0.0, 0.3):
            falls = torch.arange(40) < round(share * 40)
            rates = torch.where(falls, -0.3, 25 / T).double() + noise * _coin((T, 40), draw)
            yield Hard("samples that differ in kind", "mixed", *_uniform(rates, math.exp(1.0), 12, draw))


def _delays(draw: torch.Generator) -> Iterator[Hard]:
    """A nilpotent W_h of H units carries a gradient H - 1 steps and no further, though f' = 1 everywhere."""
    for H in (3, 6, 12, 24):
        shift = torch.diag(torch.ones(H - 1, dtype=torch.float64), 1)
        upper = torch.triu(torch.randn(H, H, generator=draw, dtype=torch.float64), 1)
        P = torch.eye(H, dtype=torch.float64)[torch.randperm(H, generator=draw)]
        for W in (shift, upper, P @ shift @ P.T):
            yield _free(W, 2 * H + 12, "nilpotent W_h", "cut")


def _first_steps(draw: torch.Generator) -> Iterator[Hard]:
    """f' = 0 at all units in the first steps alone."""
    for name, off in (("relu", -1.0), ("hardtanh", 2.0)):
        for steps, T in ((2, 20), (2, 60), (3, 40), (5, 100), (10, 200)):
            a = torch.full((T, SAMPLES, 10), 0.4, dtype=torch.float64)
            a[:steps] = off
            yield Hard("f' = 0 in the first steps", "cut", *driven_layer(name, orthogonal(10, draw), a))


def _plateaus(draw: torch.Generator) -> Iterator[Hard]:
    """All units are on a plateau of f at once, at one step in 20."""
    for name, off in (("relu", -1.0), ("hardtanh", -2.0)):
        for T in (40, 60, 100, 200, 400):
            a = torch.full((T, SAMPLES, 10), 0.4, dtype=torch.float64)
            a[7::20] = off
            yield Hard("a plateau in one step of 20", "cut", *driven_layer(name, orthogonal(10, draw), a))


def _kills(draw: torch.Generator) -> Iterator[Hard]:
    """f' = 1e-9 at one step, at another one in each sample or not; elsewhere the gradient keeps its length."""
    for at, T in ((30, 500), (250, 500), (3, 60), (40, 60), (10, 100), (98, 100)):
        for spread in (0, 5):
            rates = torch.zeros(T, SAMPLES, dtype=torch.float64)
            steps = ((at + spread * torch.arange(SAMPLES)) % T).clamp_min(1)
            rates[steps, torch.arange(SAMPLES)] = math.log(1e-9)
            yield Hard("one step with f' = 1e-9", "cut", *_uniform(rates, 1.0, 12, draw))


def _coins(draw: torch.Generator) -> Iterator[Hard]:
    """Each step adds drift + or - size by a fair coin that all samples share."""
    for drift, size, T in (
        (0.0, 0.3, 100), (0.0, 0.3, 300), (0.0, 0.01, 100), (0.0, 0.02, 60), (0.0, 0.005, 200), (0.0, 0.02, 40),
        (-0.3, 0.3, 100), (-0.2, 0.3, 200), (-0.5, 0.4, 60), (-0.1, 0.1, 150), (-0.4, 0.3, 40), (-0.2, 0.1, 100),
    ):  # fmt: skip
        rates = drift + size * _coin((T, 1), draw).expand(T, SAMPLES)
        truth = "vanishing" if drift else "stable"
        yield Hard("noise that samples share", truth, *_uniform(rates, math.exp(size), 12, draw))


def _coin(shape: tuple[int, int], draw: torch.Generator) -> Tensor:
    return torch.randint(0, 2, shape, generator=draw).double() * 2 - 1
