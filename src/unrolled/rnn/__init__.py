"""The recurrence, its gradients, its activations and its initial weights; depends on torch alone."""

from .activations import ACTIVATIONS, Activation
from .batch import Batch
from .embedding import Embedding, Numbers, OneHot
from .pattern import Driven, Pattern
from .patterns import PATTERNS, EncoderDecoder, SequenceToSequence, SequenceToVector, VectorToSequence
from .recurrence import RNN, Tape

__all__ = [
    "ACTIVATIONS",
    "PATTERNS",
    "RNN",
    "Activation",
    "Batch",
    "Driven",
    "Embedding",
    "EncoderDecoder",
    "Numbers",
    "OneHot",
    "Pattern",
    "SequenceToSequence",
    "SequenceToVector",
    "Tape",
    "VectorToSequence",
]
