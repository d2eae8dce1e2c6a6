"""The recurrence, its gradients, its activations and its initial weights; depends on torch alone."""

from .activations import ACTIVATIONS, Activation
from .batch import Batch
from .embedding import Embedding, Numbers, OneHot
from .pattern import Driven, Pattern
from .patterns import PATTERNS, EncoderDecoder, SequenceToSequence, SequenceToVector, VectorToSequence
from .recurrence import CELLS, GRU, LSTM, RNN, Leaky, Recurrent
from .tape import Tape

__all__ = [
    "ACTIVATIONS",
    "CELLS",
    "GRU",
    "LSTM",
    "PATTERNS",
    "RNN",
    "Activation",
    "Batch",
    "Driven",
    "Embedding",
    "EncoderDecoder",
    "Leaky",
    "Numbers",
    "OneHot",
    "Pattern",
    "Recurrent",
    "SequenceToSequence",
    "SequenceToVector",
    "Tape",
    "VectorToSequence",
]
