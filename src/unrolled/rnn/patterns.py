"""The patterns in which an RNN is wired, all from the one recurrence. So far: sequence to vector (many to one)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .init import Streams, fan_in, recurrent
from .recurrence import RNN, Tape


class SequenceToVector(nn.Module):
    """Embedding -> RNN -> y = W_o h_T + b_o, read from the last state (softmax is the loss's part).

    vocabulary V, embedding E, hidden H, classes C. Parameters: embedding.weight (V, E), rnn.W_x, rnn.W_h, rnn.b,
    W_o (C, H), b_o (C,).
    """

    def __init__(
        self,
        *,
        vocabulary: int,
        embedding: int,
        hidden: int,
        classes: int,
        activation: str = "tanh",
        backward: str = "bptt",
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.rnn = RNN(embedding, hidden, activation, backward)
        self.W_o = nn.Parameter(fan_in(classes, hidden).to(torch.get_default_dtype()))
        self.b_o = nn.Parameter(torch.zeros(classes))

    def forward(self, words: Tensor, mask: Tensor | None = None, tape: Tape | None = None) -> Tensor:
        """words int64 (T, B), mask bool (T, B), True = real -> scores (B, C)."""
        _, h_T = self.rnn.unroll(self.embedding(words), tape=tape, mask=mask)
        return self.read_out(h_T)

    def read_out(self, h_T: Tensor) -> Tensor:
        """h_T (B, H) -> scores (B, C)."""
        return F.linear(h_T, self.W_o, self.b_o)

    @torch.no_grad()
    def initialise(self, init: str, *, gain: float, input_gain: float, bias_std: float, streams: Streams) -> None:
        """Draws every parameter, each from its own stream: gain scales W_h, input_gain W_x, bias_std the bias."""
        V, E = self.embedding.weight.shape
        H, C = self.rnn.hidden, self.W_o.shape[0]
        drawn = {
            self.rnn.W_h: recurrent(init, H, gain, streams("W_h")),
            self.rnn.W_x: fan_in(H, E, input_gain, streams("W_x")),
            self.rnn.b: bias_std * torch.randn(H, generator=streams("b"), dtype=torch.float64),
            self.embedding.weight: torch.randn(V, E, generator=streams("embedding"), dtype=torch.float64),
            self.W_o: fan_in(C, H, 1.0, streams("W_o")),
            self.b_o: torch.zeros(C),
        }
        for parameter, values in drawn.items():
            parameter.copy_(values)
