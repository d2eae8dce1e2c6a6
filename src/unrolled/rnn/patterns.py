"""The four network patterns, all with the same recurrence.

Shapes, time-major: T input steps, T' output steps, B samples, E inputs of the RNN, H hidden units, C classes (or
numbers) of an answer, V tokens of a vocabulary, D numbers of an input vector.
"""

from collections.abc import Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .batch import Batch, real_steps, target_mask
from .decoding import greedy, shifted
from .embedding import InputLayer
from .init import Streams, fan_in
from .masking import blanked
from .pattern import Driven, Pattern
from .recurrence import Recurrent
from .tape import Tape


class SequenceToVector(Pattern):
    """Many to one: embedding -> RNN -> an answer (B, C) from the last state."""

    last_alone = True

    def __init__(self, embedding: InputLayer, rnn: Recurrent, answers: int) -> None:
        super().__init__(rnn.hidden, answers)
        self.embedding, self.rnn = embedding, rnn

    def masks(self, batch: Batch) -> list[Tensor]:
        return [real_steps(batch)]

    def read(self, batch: Batch) -> Tensor:
        """Returns x (T, B, E), the input of the RNN."""
        return self.embedding(blanked(batch.x, batch.mask))

    def forward(self, batch: Batch, tapes: Sequence[Tape] = ()) -> Tensor:
        _, last = self.rnn.unroll(self.read(batch), tape=_tape(tapes, 0), mask=batch.mask)
        return self.read_joint(last)

    def driven(self, batch: Batch) -> dict[str, Driven]:
        return {"rnn": Driven(self.rnn, self.read(batch), None, real_steps(batch), None, self.read_joint)}


class SequenceToSequence(Pattern):
    """Aligned many to many: embedding -> RNN -> an answer at every step, (T, B, C), from its state."""

    def __init__(self, embedding: InputLayer, rnn: Recurrent, answers: int) -> None:
        super().__init__(rnn.hidden, answers)
        self.embedding, self.rnn = embedding, rnn

    def masks(self, batch: Batch) -> list[Tensor]:
        return [real_steps(batch)]

    def read(self, batch: Batch) -> Tensor:
        """Returns x (T, B, E), the input of the RNN."""
        return self.embedding(blanked(batch.x, batch.mask))

    def driven(self, batch: Batch) -> dict[str, Driven]:
        x, real = self.read(batch), real_steps(batch)
        return {"rnn": Driven(self.rnn, x, None, real, real & target_mask(batch), self.read_out)}

    def forward(self, batch: Batch, tapes: Sequence[Tape] = ()) -> Tensor:
        return self.read_out(self.rnn(self.read(batch), tape=_tape(tapes, 0), mask=batch.mask))


class VectorToSequence(Pattern):
    """One to many: h_0 = W_v v + b_v of a vector v (D,); each step reads a token and predicts the next, (T', B, V)."""

    writes = True

    def __init__(self, vector: int, embedding: InputLayer, rnn: Recurrent, answers: int) -> None:
        super().__init__(rnn.hidden, answers)
        self.embedding, self.rnn = embedding, rnn
        self.W_v = nn.Parameter(fan_in(rnn.hidden, vector).to(torch.get_default_dtype()))
        self.b_v = nn.Parameter(torch.zeros(rnn.hidden))

    def masks(self, batch: Batch) -> list[Tensor]:
        return [target_mask(batch)]

    def driven(self, batch: Batch) -> dict[str, Driven]:
        x, counted = self.embedding(shifted(batch)), target_mask(batch)
        return {"rnn": Driven(self.rnn, x, self.initial_state(batch), counted, counted, self.read_out)}

    def initial_state(self, batch: Batch) -> list[Tensor]:
        """Returns h_0 (B, H), with further states of 0 for a layer that has them."""
        h_0 = F.linear(batch.x.to(self.W_v.dtype), self.W_v, self.b_v)
        return [h_0, *(torch.zeros_like(h_0) for _ in self.rnn.names[1:])]

    def forward(self, batch: Batch, tapes: Sequence[Tape] = ()) -> Tensor:
        x = self.embedding(shifted(batch))
        return self.read_out(self.rnn(x, self.initial_state(batch), _tape(tapes, 0), target_mask(batch)))

    def write(self, batch: Batch) -> Tensor:
        """Tokens (T', B) as the network writes them by itself."""
        return greedy(self.embedding, self.rnn.advance, self.read_out, self.initial_state(batch), len(batch.y))

    @torch.no_grad()
    def initialise(self, init: str, *, gain: float, input_gain: float, bias_std: float, streams: Streams) -> None:
        super().initialise(init, gain=gain, input_gain=input_gain, bias_std=bias_std, streams=streams)
        self.W_v.copy_(fan_in(len(self.W_v), self.W_v.shape[1], 1.0, streams("W_v")))
        self.b_v.zero_()


class EncoderDecoder(Pattern):
    """Many to many: the encoder's last state is the decoder's h_0, which then predicts tokens, (T', B, V).

    Without attention the whole input has to pass through that one state (Sutskever et al. 2014).
    """

    writes = last_alone = True

    def __init__(
        self, source: InputLayer, encoder: Recurrent, embedding: InputLayer, decoder: Recurrent, answers: int
    ) -> None:
        super().__init__(decoder.hidden, answers)
        self.source, self.encoder = source, encoder
        self.embedding, self.decoder = embedding, decoder

    def masks(self, batch: Batch) -> list[Tensor]:
        return [real_steps(batch), target_mask(batch)]

    def read(self, batch: Batch) -> Tensor:
        """Returns x (T, B, E), the input of the encoder."""
        return self.source(blanked(batch.x, batch.mask))

    def driven(self, batch: Batch) -> dict[str, Driven]:
        x, counted = self.embedding(shifted(batch)), target_mask(batch)
        answer = partial(self.answer, batch=batch)
        return {
            "encoder": Driven(self.encoder, self.read(batch), None, real_steps(batch), None, answer),
            "decoder": Driven(self.decoder, x, self.decoder.apart(self.encode(batch)), counted, counted, self.read_out),
        }

    def forward(self, batch: Batch, tapes: Sequence[Tape] = ()) -> Tensor:
        return self.answer(self.encode(batch, tapes), batch, tapes)

    def encode(self, batch: Batch, tapes: Sequence[Tape] = ()) -> Tensor:
        """Returns the encoder's last joint state, (B, S H)."""
        return self.encoder.unroll(self.read(batch), tape=_tape(tapes, 0), mask=batch.mask)[1]

    def answer(self, last: Tensor, batch: Batch, tapes: Sequence[Tape] = ()) -> Tensor:
        """Returns the answers (T', B, V) under teacher forcing. last: the encoder's last joint state (B, S H)."""
        x = self.embedding(shifted(batch))
        return self.read_out(self.decoder(x, self.decoder.apart(last), _tape(tapes, 1), target_mask(batch)))

    def write(self, batch: Batch) -> Tensor:
        """Tokens (T', B) as the network writes them by itself."""
        return greedy(
            self.embedding, self.decoder.advance, self.read_out, self.decoder.apart(self.encode(batch)), len(batch.y)
        )


def _tape(tapes: Sequence[Tape], i: int) -> Tape | None:
    return tapes[i] if tapes else None


PATTERNS = {
    "vector_to_sequence": VectorToSequence,
    "sequence_to_vector": SequenceToVector,
    "encoder_decoder": EncoderDecoder,
    "sequence_to_sequence": SequenceToSequence,
}
