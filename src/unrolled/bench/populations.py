"""Random networks, judged by a Lyapunov exponent over thousands of steps; no rule was tuned on them."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from unrolled.gradients import diagnose, trajectory
from unrolled.gradients.lyapunov import spectrum
from unrolled.rnn import ACTIVATIONS, RNN
from unrolled.rnn.init import gaussian, orthogonal

from .networks import inputs, network

LONG, WARMUP = 3000, 300  # steps of the long exponent
BORDER = 0.05  # nats per step: an exponent within it neither grows nor shrinks


@dataclass(frozen=True)
class RandomNetwork:
    """A random network on its inputs.

    x: (T, B, E), inputs of `diagnose`.
    long: (3000, 1, E), inputs of the same distribution for the exponent.
    h0: (B, H), initial states.
    """

    rnn: RNN
    x: Tensor
    long: Tensor
    h0: Tensor


def random_networks(count: int, seed: int = 0) -> list[RandomNetwork]:
    """Draws `count` networks, whose first ones do not depend on `count`.

    They have every activation, Gaussian and orthogonal W_h, H 2 to 128, T 10 to 500, B 1 to 8, gains around the
    transition, and are driven or free.
    """
    return [_random_network(i, torch.Generator().manual_seed(1_000_003 * seed + i)) for i in range(count)]


def _random_network(i: int, draw: torch.Generator) -> RandomNetwork:
    def log_uniform(low: float, high: float) -> float:
        share = float(torch.rand((), generator=draw, dtype=torch.float64))
        return low * (high / low) ** share

    activation = list(ACTIVATIONS)[i % len(ACTIVATIONS)]
    H, T = round(log_uniform(2, 128)), round(log_uniform(10, 500))
    B, gain = (1, 2, 8)[i % 3], log_uniform(0.5, 4) / ACTIVATIONS[activation].gamma
    W = gain * (gaussian if i // len(ACTIVATIONS) % 2 else orthogonal)(H, draw)
    bias = log_uniform(0.01, 1) * torch.randn(H, generator=draw, dtype=torch.float64)
    rnn = network(activation, W, bias, 0.0 if i % 5 == 0 else log_uniform(0.05, 3), draw)
    h0 = torch.randn(B, H, generator=draw, dtype=torch.float64)
    return RandomNetwork(rnn, inputs(T, B, draw), inputs(LONG, 1, draw), h0)


def judge(each: RandomNetwork) -> tuple[str, str, bool | None]:
    """Returns the verdict of the long exponent, our label, and whether that is right (None: undecided)."""
    label = diagnose(each.rnn, each.x, each.h0).regime
    states = trajectory(each.rnn, each.long, each.h0[:1])
    if states.diverged_at is not None:
        return "overflows", label, None if label == "undecided" else label in ("diverged", "exploding")
    found = spectrum(states, k=1, warmup=WARMUP)
    exponent, error = float(found.exponents[0]), float(found.half[0])
    growth = "shrinks" if exponent < -BORDER else "grows" if exponent > BORDER else "neither"
    if label == "undecided":
        return growth, label, None
    if label == "mixed":
        return growth, label, _differ(each)
    return growth, label, label in _allowed(exponent, error, len(each.x))


def _allowed(exponent: float, error: float, T: int) -> set[str]:
    """Returns the labels that agree with an exponent; over T steps the band of `stable` may be narrower than BORDER."""
    band = min(BORDER, math.log(10) / (T - 1))
    allowed = {"stable", "cut"} if abs(exponent) <= band + error else set()
    if exponent < error - band:
        allowed |= {"vanishing", "saturated", "dead", "transient", "cut"}
    if exponent > band - error:
        allowed |= {"exploding", "chaotic", "diverged"}
    return allowed


def _differ(each: RandomNetwork) -> bool:
    """Returns whether one sample's gradient grows tenfold and another's falls tenfold, by autograd."""
    states = [each.h0.clone().requires_grad_()]
    for x in each.x:
        states.append(each.rnn.step(x, states[-1]))
    start = torch.randn(each.h0.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    norms = torch.stack(torch.autograd.grad(states[-1], states[1:], start)).norm(dim=2)
    change = norms[len(each.x) // 5] / norms[-2]
    return bool((change > 10).any() and (change < 0.1).any())
