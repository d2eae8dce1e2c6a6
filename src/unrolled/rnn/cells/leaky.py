"""The leaky cell: h_t = (1 - a) h_{t-1} + a f(W_x x_t + W_h h_{t-1} + b) (Jaeger et al. 2007, "leaky integrator")."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..activations import Activation
from .cell import Cell, Memory, Partials, States, Step


class Leaky(Cell):
    """f: the activation. leak: a, from 0 (the state stays) to 1 (the vanilla cell)."""

    equation = "a_t = W_x x_t + W_h h_{t-1} + b, h_t = (1 - a) h_{t-1} + a f(a_t)"

    def __init__(self, f: Activation, leak: float) -> None:
        self.f, self.leak = f, leak

    def formula(self, a: Tensor, q: Tensor, states: Sequence[Tensor]) -> States:
        return [(1 - self.leak) * states[0] + self.leak * self.f.f(a + q)]

    def step(self, at: Step) -> None:
        (before,), (after,) = at.before, at.after
        torch.mul(before, 1 - self.leak, out=after)
        after.add_(self.f.f(at.a), alpha=self.leak)

    def factors(self, memory: Memory) -> list[Tensor]:
        gates = self.leak * self.f.derivative_at(memory.a)
        return [gates, gates.new_full((*gates.shape[:2], 1), 1 - self.leak)]

    def pull(self, factors: Sequence[Tensor], gradients: Sequence[Tensor]) -> list[Tensor | None]:
        (dh,), (gates, keep) = gradients, factors
        gates.mul_(dh)
        return [dh * keep]

    def partials(self, a: Tensor, q: Tensor, states: Sequence[Tensor]) -> Partials:  # noqa: ARG002
        slope = self.f.log_abs_derivative_at(a + q).exp()
        signed = torch.where(self.f.derivative_at(a + q) < 0, -slope, slope)
        keep = torch.full_like(slope, 1 - self.leak)
        return Partials([(self.leak * signed).unsqueeze(-2)], [[keep if self.leak < 1 else None]], keep)
