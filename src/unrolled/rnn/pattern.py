"""A network of recurrent parts and a read-out, and what drives each part on a batch."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .batch import Batch
from .init import Streams, fan_in, recurrent
from .recurrence import RNN, Tape


class Driven(NamedTuple):
    """One RNN of a network on a batch: what drives it, and how the rest of the network answers from its states.

    x, h0, mask: as `RNN.forward` takes them. counted: bool (T, B), the steps whose own state is read; None: the last
    state alone is. answer: the network's answer from all states (T, B, H), or from the last one (B, H).
    """

    rnn: RNN
    x: Tensor
    h0: Tensor | None
    mask: Tensor
    counted: Tensor | None
    answer: Callable[[Tensor], Tensor]


class Pattern(nn.Module, ABC):
    """What all have in common: RNNs (by name, in order of time) and a read-out y = W_o h + b_o."""

    writes = False  # whether it reads its own answers when nobody gives it the true ones
    last_alone = False  # whether of the first RNN the last state alone is read, not every one

    def __init__(self, hidden: int, answers: int) -> None:
        super().__init__()
        self.W_o = nn.Parameter(fan_in(answers, hidden).to(torch.get_default_dtype()))
        self.b_o = nn.Parameter(torch.zeros(answers))

    @property
    def rnns(self) -> dict[str, RNN]:
        return {name: part for name, part in self.named_children() if isinstance(part, RNN)}

    @abstractmethod
    def masks(self, batch: Batch) -> list[Tensor]:
        """Which steps are real, bool (T, B), for each RNN."""

    def steps(self, batch: Batch) -> dict[str, int]:
        """Returns how many time steps each RNN has on a batch, by its name, in order of time."""
        return {name: len(mask) for name, mask in zip(self.rnns, self.masks(batch), strict=True)}

    @abstractmethod
    def driven(self, batch: Batch) -> dict[str, Driven]:
        """Each RNN by its name, with the true answers fed back where it reads its own."""

    @abstractmethod
    def forward(self, batch: Batch, tapes: Sequence[Tape] = ()) -> Tensor:
        """The answers (B, C) or (T', B, C), before any softmax. tapes: one for each RNN, or none."""

    def read_out(self, h: Tensor) -> Tensor:
        """h (..., H) -> (..., C)."""
        return F.linear(h, self.W_o, self.b_o)

    @torch.no_grad()
    def initialise(self, init: str, *, gain: float, input_gain: float, bias_std: float, streams: Streams) -> None:
        """Draws every parameter, each from its own stream: gain scales W_h, input_gain W_x, bias_std the bias."""
        for part, rnn in self.rnns.items():
            prefix = "" if part == "rnn" else f"{part}/"
            rnn.W_h.copy_(recurrent(init, rnn.hidden, gain, streams(f"{prefix}W_h")))
            rnn.W_x.copy_(fan_in(rnn.hidden, rnn.inputs, input_gain, streams(f"{prefix}W_x")))
            bias = torch.randn(rnn.hidden, generator=streams(f"{prefix}b"), dtype=torch.float64)
            rnn.b.copy_(bias_std * bias)
        for part, front in self.named_children():
            if not isinstance(front, RNN):
                front.initialise(streams, part)  # type: ignore[operator]
        self.W_o.copy_(fan_in(len(self.W_o), self.W_o.shape[1], 1.0, streams("W_o")))
        self.b_o.zero_()
