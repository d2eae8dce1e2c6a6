"""The vanilla cell: h_t = f(W_x x_t + W_h h_{t-1} + b) (Elman 1990)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..activations import Activation
from .cell import Cell, Memory, Partials, States, Step


class Vanilla(Cell):
    """f: the activation."""

    equation = "a_t = W_x x_t + W_h h_{t-1} + b, h_t = f(a_t)"

    def __init__(self, f: Activation) -> None:
        self.f = f

    def memory(self, like: Tensor, T: int, B: int, H: int) -> Memory:
        states = like.new_empty(T + 1, B, H)
        # If f may overwrite its argument, a_t uses the memory of h_t.
        return Memory(states[1:] if self.f.in_place else like.new_empty(T, B, H), None, [states])

    def formula(self, a: Tensor, q: Tensor, states: Sequence[Tensor]) -> States:  # noqa: ARG002
        return [self.f.f(a + q)]

    def step(self, at: Step) -> None:
        if self.f.in_place:
            self.f.in_place(at.a)
        else:
            at.after[0].copy_(self.f.f(at.a))

    def factors(self, memory: Memory) -> list[Tensor]:
        return [self.f.derivative(memory.states[0][1:] if self.f.of_output else memory.a)]

    def pull(self, factors: Sequence[Tensor], gradients: Sequence[Tensor]) -> list[Tensor | None]:
        factors[0].mul_(gradients[0])
        return [None]

    def partials(self, a: Tensor, q: Tensor, states: Sequence[Tensor]) -> Partials:  # noqa: ARG002
        slope = self.f.derivative_at(a + q)
        return Partials([slope.unsqueeze(-2)], [[None]], torch.zeros_like(slope))
