"""Base class of the networks: recurrent parts with a read-out, and the input of each part on a batch."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .batch import Batch
from .init import Streams, fan_in, recurrent
from .recurrence import Initial, Recurrent
from .tape import Tape


class Driven(NamedTuple):
    """One RNN of a network with its input on a batch, and the function from its states to the network's answers.

    x, h0, mask: arguments of `RNN.forward`.
    counted: bool (T, B), the steps whose state is read; None: the last state alone is read.
    answer: the network's answers from all states h (T, B, H); from the last joint state (B, S H) if `counted` is None.
    """

    rnn: Recurrent
    x: Tensor
    h0: Initial
    mask: Tensor
    counted: Tensor | None
    answer: Callable[[Tensor], Tensor]


class Pattern(nn.Module, ABC):
    """Base class of a network with RNNs (by name, in order of time) and a read-out y = W_o h + b_o.

    writes: autoregressive, it reads its own answers at inference.
    last_alone: the loss depends on the last state of the first RNN, not on each of its states.
    """

    writes = False
    last_alone = False

    def __init__(self, hidden: int, answers: int) -> None:
        super().__init__()
        self.W_o = nn.Parameter(fan_in(answers, hidden).to(torch.get_default_dtype()))
        self.b_o = nn.Parameter(torch.zeros(answers))

    @property
    def rnns(self) -> dict[str, Recurrent]:
        return {name: part for name, part in self.named_children() if isinstance(part, Recurrent)}

    @abstractmethod
    def masks(self, batch: Batch) -> list[Tensor]:
        """Returns the mask of real steps of each RNN, bool (T, B)."""

    def steps(self, batch: Batch) -> dict[str, int]:
        """Returns the number of time steps of each RNN on a batch, by name, in order of time."""
        return {name: len(mask) for name, mask in zip(self.rnns, self.masks(batch), strict=True)}

    @abstractmethod
    def driven(self, batch: Batch) -> dict[str, Driven]:
        """Returns the input of each RNN on a batch, by name; an autoregressive one reads the true answers."""

    @abstractmethod
    def forward(self, batch: Batch, tapes: Sequence[Tape] = ()) -> Tensor:
        """Returns the answers, (B, C) or (T', B, C), before any softmax.

        tapes: one for each RNN, which keep its dL/dh_t; or none.
        """

    def read_out(self, h: Tensor) -> Tensor:
        """Returns the answers (..., C) to states h (..., H)."""
        return F.linear(h, self.W_o, self.b_o)

    def read_joint(self, joint: Tensor) -> Tensor:
        """Returns the answers (..., C) to joint states (..., S H), of which h alone is read."""
        return self.read_out(joint[..., : self.W_o.shape[1]])

    @torch.no_grad()
    def initialise(self, init: str, *, gain: float, input_gain: float, bias_std: float, streams: Streams) -> None:
        """Draws every parameter, each from its own random stream.

        init: distribution of W_h (`orthogonal`, `gaussian`, ...).
        gain, input_gain: factors of W_h and of W_x.
        bias_std: standard deviation of the RNN's bias. The streams of a layer with gates have the gate's name: "W_h/i".
        streams: random generators by name of the parameter.
        """
        for part, rnn in self.rnns.items():
            prefix = "" if part == "rnn" else f"{part}/"
            scales = (gain, input_gain, bias_std)
            blocks = [_block(rnn, init, scales, _named(streams, prefix, gate)) for gate in rnn.cell.gates]
            W_h, W_x, b = zip(*blocks, strict=True)
            for weights, parts in ((rnn.W_h, W_h), (rnn.W_x, W_x), (rnn.b, b)):
                weights.copy_(torch.cat(parts))
            if rnn.b_h is not None:
                rnn.b_h.zero_()
        for part, front in self.named_children():
            if not isinstance(front, Recurrent):
                front.initialise(streams, part)  # type: ignore[operator]
        self.W_o.copy_(fan_in(len(self.W_o), self.W_o.shape[1], 1.0, streams("W_o")))
        self.b_o.zero_()


def _named(streams: Streams, prefix: str, gate: str) -> Streams:
    """Returns `streams` with a prefix before the names and a gate after them."""
    return lambda name: streams(f"{prefix}{name}/{gate}" if gate else f"{prefix}{name}")


def _block(rnn: Recurrent, init: str, scales: tuple[float, float, float], streams: Streams) -> tuple[Tensor, ...]:
    """Draws W_h, W_x and b of one gate. scales: gain, input gain and standard deviation of the bias."""
    gain, input_gain, bias_std = scales
    W_h = recurrent(init, rnn.hidden, gain, streams("W_h"))
    W_x = fan_in(rnn.hidden, rnn.inputs, input_gain, streams("W_x"))
    return W_h, W_x, bias_std * torch.randn(rnn.hidden, generator=streams("b"), dtype=torch.float64)
