"""The mathematics: the recurrence, its gradients, its activations and its initial weights. Needs torch alone."""

from .activations import ACTIVATIONS, Activation
from .patterns import SequenceToVector
from .recurrence import RNN, Tape

__all__ = ["ACTIVATIONS", "RNN", "Activation", "SequenceToVector", "Tape"]
