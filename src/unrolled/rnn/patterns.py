"""The four patterns in which an RNN is wired, all from the one recurrence.

Shapes: T steps read, T' steps written or answered, B batch, E inputs, H hidden, C classes (or numbers) of an answer,
V tokens of a vocabulary, D size of a vector. Everything is time-major.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .embedding import InputLayer
from .init import Streams, fan_in, recurrent
from .masking import blanked
from .recurrence import RNN, Tape

START, END = 0, 1  # of every vocabulary that is written: what the first step reads, and what ends a sequence


class Batch(NamedTuple):
    """What a network reads, and what it should answer.

    x: tokens int64 (T, B), or numbers (T, B, E); for vector to sequence the vectors (B, D).
    mask: bool (T, B), True = real; sequences end at the same step. None for vectors.
    y: a class (B,) or numbers (B, K); with an answer at each step (T', B) or (T', B, K).
    y_mask: bool (T', B), True = this answer counts; None: all do. What is written starts at the same step.
    """

    x: Tensor
    mask: Tensor | None
    y: Tensor
    y_mask: Tensor | None

    def part(self, number: int, of: int) -> "Batch":
        """The samples of one of several parts, in order; a part may be empty."""

        def cut(values: Tensor | None, by_step: bool) -> Tensor | None:
            return None if values is None else values.tensor_split(of, dim=int(by_step))[number]

        x, y = cut(self.x, self.mask is not None), cut(self.y, self.y_mask is not None)
        assert x is not None and y is not None
        return Batch(x, cut(self.mask, True), y, cut(self.y_mask, True))

    def counted(self, values: Tensor) -> Tensor:
        """(n, ...): of the values (T', B, ...) or (B, ...) of each answer those of the answers that count."""
        return values if self.y_mask is None else values[self.y_mask]

    @property
    def answers(self) -> int:
        """How many count."""
        return len(self.y) if self.y_mask is None else int(self.y_mask.sum())


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


class SequenceToVector(Pattern):
    """Many to one: embedding -> RNN -> y from the last state. Parameters: embedding, rnn, W_o (C, H), b_o (C,)."""

    last_alone = True

    def __init__(self, embedding: InputLayer, rnn: RNN, answers: int) -> None:
        super().__init__(rnn.hidden, answers)
        self.embedding, self.rnn = embedding, rnn

    def masks(self, batch: Batch) -> list[Tensor]:
        return [_real(batch)]

    def read(self, batch: Batch) -> Tensor:
        """x (T, B, E), as the RNN gets it."""
        return self.embedding(blanked(batch.x, batch.mask))

    def forward(self, batch: Batch, tapes: Sequence[Tape] = ()) -> Tensor:
        _, h_T = self.rnn.unroll(self.read(batch), tape=_tape(tapes, 0), mask=batch.mask)
        return self.read_out(h_T)

    def driven(self, batch: Batch) -> dict[str, Driven]:
        return {"rnn": Driven(self.rnn, self.read(batch), None, _real(batch), None, self.read_out)}


class SequenceToSequence(Pattern):
    """Aligned many to many: an answer (T, B, C) at every step, from the steps up to it."""

    def __init__(self, embedding: InputLayer, rnn: RNN, answers: int) -> None:
        super().__init__(rnn.hidden, answers)
        self.embedding, self.rnn = embedding, rnn

    def masks(self, batch: Batch) -> list[Tensor]:
        return [_real(batch)]

    def read(self, batch: Batch) -> Tensor:
        """x (T, B, E), as the RNN gets it."""
        return self.embedding(blanked(batch.x, batch.mask))

    def driven(self, batch: Batch) -> dict[str, Driven]:
        x, real = self.read(batch), _real(batch)
        return {"rnn": Driven(self.rnn, x, None, real, real & _counted(batch), self.read_out)}

    def forward(self, batch: Batch, tapes: Sequence[Tape] = ()) -> Tensor:
        return self.read_out(self.rnn(self.read(batch), tape=_tape(tapes, 0), mask=batch.mask))


class VectorToSequence(Pattern):
    """One to many: h_0 = W_v v + b_v; then each step reads the token before and answers the next (T', B, V)."""

    writes = True

    def __init__(self, vector: int, embedding: InputLayer, rnn: RNN, answers: int) -> None:
        super().__init__(rnn.hidden, answers)
        self.embedding, self.rnn = embedding, rnn
        self.W_v = nn.Parameter(fan_in(rnn.hidden, vector).to(torch.get_default_dtype()))
        self.b_v = nn.Parameter(torch.zeros(rnn.hidden))

    def masks(self, batch: Batch) -> list[Tensor]:
        return [_counted(batch)]

    def driven(self, batch: Batch) -> dict[str, Driven]:
        x, counted = self.embedding(shifted(batch)), _counted(batch)
        return {"rnn": Driven(self.rnn, x, self.initial_state(batch), counted, counted, self.read_out)}

    def initial_state(self, batch: Batch) -> Tensor:
        return F.linear(batch.x.to(self.W_v.dtype), self.W_v, self.b_v)

    def forward(self, batch: Batch, tapes: Sequence[Tape] = ()) -> Tensor:
        x = self.embedding(shifted(batch))
        return self.read_out(self.rnn(x, self.initial_state(batch), _tape(tapes, 0), _counted(batch)))

    def write(self, batch: Batch) -> Tensor:
        """Tokens (T', B) as the network writes them by itself."""
        return greedy(self, self.rnn, self.initial_state(batch), len(batch.y))

    @torch.no_grad()
    def initialise(self, init: str, *, gain: float, input_gain: float, bias_std: float, streams: Streams) -> None:
        super().initialise(init, gain=gain, input_gain=input_gain, bias_std=bias_std, streams=streams)
        self.W_v.copy_(fan_in(len(self.W_v), self.W_v.shape[1], 1.0, streams("W_v")))
        self.b_v.zero_()


class EncoderDecoder(Pattern):
    """Many to many: the encoder's last state is the decoder's first, which then writes (T', B, V) as one to many does.

    Without attention the whole of what was read has to pass through that one state (Sutskever et al. 2014).
    """

    writes = last_alone = True

    def __init__(self, source: InputLayer, encoder: RNN, embedding: InputLayer, decoder: RNN, answers: int) -> None:
        super().__init__(decoder.hidden, answers)
        self.source, self.encoder = source, encoder
        self.embedding, self.decoder = embedding, decoder

    def masks(self, batch: Batch) -> list[Tensor]:
        return [_real(batch), _counted(batch)]

    def read(self, batch: Batch) -> Tensor:
        return self.source(blanked(batch.x, batch.mask))

    def driven(self, batch: Batch) -> dict[str, Driven]:
        x, counted = self.embedding(shifted(batch)), _counted(batch)
        answer = partial(self.answer, batch=batch)
        return {
            "encoder": Driven(self.encoder, self.read(batch), None, _real(batch), None, answer),
            "decoder": Driven(self.decoder, x, self.encode(batch), counted, counted, self.read_out),
        }

    def forward(self, batch: Batch, tapes: Sequence[Tape] = ()) -> Tensor:
        return self.answer(self.encode(batch, tapes), batch, tapes)

    def encode(self, batch: Batch, tapes: Sequence[Tape] = ()) -> Tensor:
        return self.encoder.unroll(self.read(batch), tape=_tape(tapes, 0), mask=batch.mask)[1]

    def answer(self, h_T: Tensor, batch: Batch, tapes: Sequence[Tape] = ()) -> Tensor:
        """From the encoder's last state (B, H), with the true tokens fed to the decoder."""
        x = self.embedding(shifted(batch))
        return self.read_out(self.decoder(x, h_T, _tape(tapes, 1), _counted(batch)))

    def write(self, batch: Batch) -> Tensor:
        """Tokens (T', B) as the network writes them by itself."""
        return greedy(self, self.decoder, self.encode(batch), len(batch.y))


def shifted(batch: Batch) -> Tensor:
    """What a decoder reads while it is taught (teacher forcing, Williams & Zipser 1989): START, then y but its last."""
    y = blanked(batch.y, batch.y_mask)
    return torch.cat([torch.full_like(y[:1], START), y[:-1]])


@torch.no_grad()
def greedy(network: VectorToSequence | EncoderDecoder, rnn: RNN, h: Tensor, steps: int) -> Tensor:
    """The most probable token at each step, fed back, from the state h (B, H) -> (steps, B); START behind the END."""
    token = torch.full((len(h),), START, device=h.device)
    open_, written = torch.ones_like(token, dtype=torch.bool), []
    for _ in range(steps):
        h = rnn.step(network.embedding(token), h)
        token = torch.where(open_, network.read_out(h).argmax(1), START)
        open_ = open_ & (token != END)
        written.append(token)
    return torch.stack(written)


def _tape(tapes: Sequence[Tape], i: int) -> Tape | None:
    return tapes[i] if tapes else None


def _real(batch: Batch) -> Tensor:
    if batch.mask is not None:
        return batch.mask
    return torch.ones(batch.x.shape[:2], dtype=torch.bool, device=batch.x.device)


def _counted(batch: Batch) -> Tensor:
    if batch.y_mask is not None:
        return batch.y_mask
    return torch.ones(batch.y.shape[:2], dtype=torch.bool, device=batch.y.device)


PATTERNS = {
    "vector_to_sequence": VectorToSequence,
    "sequence_to_vector": SequenceToVector,
    "encoder_decoder": EncoderDecoder,
    "sequence_to_sequence": SequenceToSequence,
}
