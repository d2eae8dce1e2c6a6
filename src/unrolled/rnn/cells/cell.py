"""A recurrent cell: its states, one step forward, and its transpose by hand.

A cell is a pointwise function of a_t = W_x x_t + b, of q_t = W_h h_{t-1}, and of the states before. The loop over time,
the products with W_x and W_h, masks and the tape are in `unrolled.rnn.loop`, for all cells.

Shapes: T time steps, B batch, H hidden units, G blocks of H rows in W_x, W_h and b, one for each gate.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

States = list[Tensor]


@dataclass
class Memory:
    """What a forward pass leaves for the backward pass.

    a: (T, B, G H), pre-activations, which a step may overwrite.
    q: (T, B, G H), W_h h_{t-1} with its own bias, of a cell that needs it apart; else None.
    states: (T + 1, B, H) of each state, the initial one first.
    more: further tensors (T, B, H) of a cell.
    """

    a: Tensor
    q: Tensor | None
    states: list[Tensor]
    more: list[Tensor] = field(default_factory=list)

    def steps(self) -> Iterator["Step"]:
        """Yields the tensors of each step, in order of time."""
        q = [None] * len(self.a) if self.q is None else self.q.unbind(0)
        states = list(zip(*(state.unbind(0) for state in self.states), strict=True))
        more = list(zip(*(each.unbind(0) for each in self.more), strict=True)) or [()] * len(self.a)
        return map(Step, self.a.unbind(0), q, states, states[1:], more)


class Step(NamedTuple):
    """The tensors of one time step in a `Memory`.

    a, q: (B, G H); q is None unless the cell needs it apart.
    before, after: states, (B, H) each.
    more: (B, H) each.
    """

    a: Tensor
    q: Tensor | None
    before: Sequence[Tensor]
    after: Sequence[Tensor]
    more: Sequence[Tensor]


class Partials(NamedTuple):
    """Derivatives of the states after a step; each is of one unit by numbers of this unit alone.

    by_q: for each state after, (..., G, H): by q_t.
    by_state: for each state after, for each state before, (..., H), besides the way through q_t; None = 0.
    keep: (..., H), what the cell path multiplies by: the derivative of the state that is kept by itself before.
    """

    by_q: list[Tensor]
    by_state: list[list[Tensor | None]]
    keep: Tensor


class Cell(ABC):
    """Base class of the cells.

    equation: what a step computes, in one line.
    names: of the states; the first is h, which the next step and the read-out see.
    gates: names of the blocks, in order.
    keeps: number of the block whose gate keeps the state; None if there is none.
    apart: whether q_t is needed apart from a_t; else it is added to a_t before a step.
    """

    equation: str
    names: tuple[str, ...] = ("h",)
    gates: tuple[str, ...] = ("",)
    keeps: int | None = None
    apart: bool = False

    @property
    def blocks(self) -> int:
        """G."""
        return len(self.gates)

    def memory(self, like: Tensor, T: int, B: int, H: int) -> Memory:
        """Returns memory for a forward pass, of the type and device of a tensor."""
        states = [like.new_empty(T + 1, B, H) for _ in self.names]
        q = like.new_empty(T, B, self.blocks * H) if self.apart else None
        return Memory(like.new_empty(T, B, self.blocks * H), q, states)

    @abstractmethod
    def formula(self, a: Tensor, q: Tensor, states: Sequence[Tensor]) -> States:
        """Returns the states after a step, as the papers have it; autograd differentiates it.

        a, q: (..., G H). states: those before, (..., H) each.
        """

    @abstractmethod
    def step(self, at: "Step") -> None:
        """Writes the states after a step from those before, a_t and q_t."""

    @abstractmethod
    def factors(self, memory: Memory) -> list[Tensor]:
        """Returns all that a step back multiplies by, (T, B, ...) each, for all steps at once.

        The first is (T, B, G, H), or (T, B, H) for a single block: dL/dq_t is made in its memory. The loop sets all of
        them to 0 at masked steps.
        """

    @abstractmethod
    def pull(self, factors: Sequence[Tensor], gradients: Sequence[Tensor]) -> list[Tensor | None]:
        """Overwrites the first factor of a step with dL/dq_t; returns what passes by W_h to each state before.

        factors: of one step, (B, ...) each.
        gradients: dL/dh_t, dL/dc_t, ... of the states handed on, (B, H) each.
        """

    @abstractmethod
    def partials(self, a: Tensor, q: Tensor, states: Sequence[Tensor]) -> Partials:
        """Computes the derivatives of `formula`. A derivative does not round to 0 where a unit is flat.

        Arguments are those of `formula`.
        """

    def to_inputs(self, factors: Sequence[Tensor], dq: Tensor) -> Tensor:  # noqa: ARG002
        """Returns dL/da_t of all steps. dq: dL/dq_t of all steps, in the memory of the first factor."""
        return dq


def joint(states: Sequence[Tensor]) -> Tensor:
    """Returns states (..., H) side by side, (..., S H)."""
    return states[0] if len(states) == 1 else torch.cat(list(states), -1)


def blocks_of(a: Tensor, blocks: int) -> tuple[Tensor, ...]:
    """Returns the blocks (..., H) of pre-activations (..., G H)."""
    return a.unflatten(-1, (blocks, -1)).unbind(-2)


def slope(gate: Tensor) -> Tensor:
    """Returns s (1 - s), the derivative of the logistic function s."""
    return torch.addcmul(gate, gate, gate, value=-1)


def open_slope(a: Tensor) -> Tensor:
    """Computes the derivative of the logistic function at a; it does not round to 0 as s (1 - s) does."""
    return torch.sigmoid(a) * torch.sigmoid(-a)


def tanh_slope(a: Tensor) -> Tensor:
    """Computes 1 - tanh(a)^2, which does not round to 0 as that does."""
    return 4 * open_slope(2 * a)
