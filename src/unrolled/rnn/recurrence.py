"""Recurrent layers: a cell with its weights. The vanilla one comes first, h_t = f(W_x x_t + W_h h_{t-1} + b).

Shapes: T time steps, B batch, E inputs, H hidden. The loop over time and its transpose by hand are in `loop`.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .activations import Activation
from .activations import activation as activation_of
from .by_autograd import unroll_by_autograd
from .cells.cell import Cell, States, joint
from .cells.gru import Gru as GruCell
from .cells.leaky import Leaky as LeakyCell
from .cells.lstm import Lstm as LstmCell
from .cells.vanilla import Vanilla
from .exchange import given_to, taken_from
from .init import fan_in, recurrent
from .loop import Unroll, one_hot
from .masking import blanked
from .tape import Tape

Initial = Tensor | Sequence[Tensor] | None


class Recurrent(nn.Module, ABC):
    """Base class of the recurrent layers, unrolled by hand.

    inputs: E, size of x_t.
    hidden: H, size of h_t.
    cell: what a step computes; G is its number of blocks.
    backward: "bptt" (by hand, fast) or "autograd" (the reference; the numbers are equal but for rounding).
    Parameters: W_x (G H, E), W_h (G H, H), b (G H,); b_h (G H,) for a cell that needs W_h h apart, else None.
    Initially W_x has sd 1/sqrt(E), each block of W_h is orthogonal, and biases are 0.
    Raises ValueError for sizes below 1 and for unknown names.
    """

    b_h: nn.Parameter | None
    free_activation = False  # whether the cell takes an activation

    def __init__(self, inputs: int, hidden: int, cell: Cell, backward: str = "bptt") -> None:
        super().__init__()
        if inputs < 1 or hidden < 1:
            raise ValueError(f"inputs={inputs}, hidden={hidden}: both must be at least 1")
        if backward not in ("bptt", "autograd"):
            raise ValueError(f"unknown backward {backward!r}; allowed: bptt, autograd")
        self.inputs, self.hidden, self.backward = inputs, hidden, backward
        G, dtype = cell.blocks, torch.get_default_dtype()
        self.W_x = nn.Parameter(fan_in(G * hidden, inputs).to(dtype))
        blocks = [recurrent("orthogonal", hidden) for _ in range(G)]
        # A single block keeps its order in memory, on which the rounding of a product depends.
        self.W_h = nn.Parameter((blocks[0] if G == 1 else torch.cat(blocks)).to(dtype))
        self.b = nn.Parameter(torch.zeros(G * hidden))
        self.b_h = nn.Parameter(torch.zeros(G * hidden)) if cell.apart else None

    @property
    @abstractmethod
    def cell(self) -> Cell:
        """The cell that a step computes."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the states: h, and c for an LSTM."""
        return self.cell.names

    @property
    def equation(self) -> str:
        """What a step computes, in one line."""
        return self.cell.equation

    def advance(self, x_t: Tensor, states: Sequence[Tensor]) -> States:
        """Computes one step: x_t (..., E) or tokens (...), and states (..., H) each, to the next states."""
        return self.cell.formula(self.project(x_t), F.linear(states[0], self.W_h, self.b_h), states)

    def project(self, x: Tensor) -> Tensor:
        """Computes W_x x + b, (..., G H).

        x: numbers (..., E), or tokens int64 (...), each standing for its unit vector.
        """
        return F.embedding(x, self.W_x.t()) + self.b if one_hot(x) else F.linear(x, self.W_x, self.b)

    def apart(self, joint: Tensor) -> list[Tensor]:
        """Returns the states (..., H) in a joint state (..., S H)."""
        return list(joint.split(self.hidden, -1))

    def forward(
        self,
        x: Tensor,
        h0: Initial = None,
        tape: Tape | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Computes all states h (T, B, H).

        x: (T, B, E); or tokens int64 (T, B) below E, unit vectors whose product with W_x is a look-up.
        h0: (B, H), the initial state; None = 0. A pair of them for a cell with two states.
        tape: records the backward pass.
        mask: bool (T, B), True = real; a masked step carries the states through unchanged. None = all are real.
        Raises ValueError if shapes do not fit.
        """
        return self.states(x, h0, tape, mask)[0]

    def states(
        self,
        x: Tensor,
        h0: Initial = None,
        tape: Tape | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """Computes all states h (T, B, H), and as further outputs each of the last states (B, H).

        Arguments and errors are those of `forward`. A loss on the last h alone is cheaper through the second output.
        """
        initial, x = self._initial(x, h0, mask), blanked(x, mask)
        if self.backward == "autograd":
            return unroll_by_autograd(self.cell, self.project(x), self.W_h, self.b_h, initial, mask, tape)
        weights = (self.W_x, self.W_h, self.b, self.b_h)
        return Unroll.apply(x, *weights, mask, self.cell, tape, *initial)  # type: ignore[return-value]

    def unroll(
        self,
        x: Tensor,
        h0: Initial = None,
        tape: Tape | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Computes all states h and, as a second output, the last joint state: (h (T, B, H), (B, S H)).

        The S states stand side by side, h first. Arguments and errors are those of `forward`.
        A loss that reads only the last state is cheaper through the second output.
        """
        h, *last = self.states(x, h0, tape, mask)
        return h, joint(last)

    def _initial(self, x: Tensor, h0: Initial, mask: Tensor | None) -> list[Tensor]:
        fits = x.ndim == 2 if one_hot(x) else x.ndim == 3 and x.shape[2] == self.inputs
        if not fits or x.shape[0] < 1:
            raise ValueError(f"x has shape {tuple(x.shape)}, expected (T >= 1, B, {self.inputs})")
        T, B = x.shape[:2]
        if mask is not None and (mask.shape != (T, B) or mask.dtype != torch.bool):
            raise ValueError(f"mask is {mask.dtype} {tuple(mask.shape)}, expected torch.bool {(T, B)}")
        names = self.names
        if h0 is None:
            return [self.b.new_zeros(B, self.hidden) for _ in names]
        given = [h0] if isinstance(h0, Tensor) else list(h0)
        if len(given) != len(names):
            raise ValueError(f"{len(given)} initial states, expected {len(names)}: {', '.join(names)}")
        for name, state in zip(names, given, strict=True):
            if state.shape != (B, self.hidden):
                raise ValueError(f"{name}0 has shape {tuple(state.shape)}, expected {(B, self.hidden)}")
        return given


class RNN(Recurrent):
    """A vanilla recurrent layer, unrolled by hand (Elman 1990): h_t = f(W_x x_t + W_h h_{t-1} + b).

    inputs: E, size of x_t.
    hidden: H, size of h_t.
    activation: a name in `ACTIVATIONS`.
    backward: "bptt" (by hand, fast) or "autograd" (the reference; same numbers).
    Parameters: W_x (H, E), W_h (H, H), b (H,). Initially W_x has sd 1/sqrt(E), W_h is orthogonal and b is 0.
    Raises ValueError for sizes below 1 and for unknown names.
    """

    free_activation = True

    def __init__(self, inputs: int, hidden: int, activation: str = "tanh", backward: str = "bptt") -> None:
        self.activation = activation
        super().__init__(inputs, hidden, self.cell, backward)

    @property
    def f(self) -> Activation:
        return activation_of(self.activation)

    @property
    def cell(self) -> Cell:
        return Vanilla(self.f)

    def step(self, x_t: Tensor, h: Tensor) -> Tensor:
        """Computes one step: x_t (..., E) or tokens (...), and h (..., H), to the next state (..., H)."""
        return self.advance(x_t, [h])[0]

    def extra_repr(self) -> str:
        return f"{self.inputs}, {self.hidden}, activation={self.activation!r}, backward={self.backward!r}"


class Leaky(Recurrent):
    """A leaky layer, unrolled by hand: h_t = (1 - a) h_{t-1} + a f(W_x x_t + W_h h_{t-1} + b).

    inputs, hidden, activation, backward: as for `RNN`.
    leak: a, from 0 to 1; 1 is the vanilla layer.
    """

    free_activation = True

    def __init__(
        self, inputs: int, hidden: int, activation: str = "tanh", leak: float = 0.1, backward: str = "bptt"
    ) -> None:
        if not 0 <= leak <= 1:
            raise ValueError(f"leak={leak}: allowed are 0 to 1")
        self.activation, self.leak = activation, leak
        super().__init__(inputs, hidden, self.cell, backward)

    @property
    def cell(self) -> Cell:
        return LeakyCell(activation_of(self.activation), self.leak)


class LSTM(Recurrent):
    """A long short-term memory, unrolled by hand: states h and c; blocks i, f, g, o, as `torch.nn.LSTM`.

    inputs, hidden, backward: as for `RNN`.
    Parameters: W_x (4 H, E), W_h (4 H, H), b (4 H,): the sum of torch's two biases.
    """

    def __init__(self, inputs: int, hidden: int, backward: str = "bptt") -> None:
        super().__init__(inputs, hidden, self.cell, backward)

    @classmethod
    def from_torch(cls, module: nn.LSTM) -> "LSTM":
        """Returns a layer with the weights of a `torch.nn.LSTM`. Raises ValueError for several layers or directions."""
        return taken_from(cls(module.input_size, module.hidden_size), module)

    def to_torch(self) -> nn.LSTM:
        """Returns a `torch.nn.LSTM` with these weights."""
        return given_to(nn.LSTM(self.inputs, self.hidden), self)

    @property
    def cell(self) -> Cell:
        return LstmCell()


class GRU(Recurrent):
    """A gated recurrent unit, unrolled by hand: state h; blocks r, z, n, as `torch.nn.GRU`.

    inputs, hidden, backward: as for `RNN`.
    Parameters: W_x (3 H, E), W_h (3 H, H), b and b_h (3 H,). The reset gate multiplies W_hn h + b_hn, and so
    b_hn cannot be merged with b.
    """

    def __init__(self, inputs: int, hidden: int, backward: str = "bptt") -> None:
        super().__init__(inputs, hidden, self.cell, backward)

    @classmethod
    def from_torch(cls, module: nn.GRU) -> "GRU":
        """Returns a layer with the weights of a `torch.nn.GRU`. Raises ValueError for several layers or directions."""
        return taken_from(cls(module.input_size, module.hidden_size), module)

    def to_torch(self) -> nn.GRU:
        """Returns a `torch.nn.GRU` with these weights."""
        return given_to(nn.GRU(self.inputs, self.hidden), self)

    @property
    def cell(self) -> Cell:
        return GruCell()


CELLS: dict[str, type[Recurrent]] = {"rnn": RNN, "leaky": Leaky, "lstm": LSTM, "gru": GRU}
