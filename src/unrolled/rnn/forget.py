"""The initial bias of the gate that keeps the state: how long a layer remembers at initialisation."""

import torch
from torch import Generator

from .recurrence import Recurrent


@torch.no_grad()
def keep_by(layer: Recurrent, bias: float) -> None:
    """Adds a constant to the bias of the gate that keeps the state (Gers et al. 2000; Jozefowicz et al. 2015)."""
    _block(layer, layer.cell.keeps).add_(bias)


@torch.no_grad()
def chrono(layer: Recurrent, longest: int, generator: Generator) -> None:
    """Adds ln U(1, T - 1) to the bias of the gate that keeps the state, and takes it from an LSTM's input gate.

    So the time constants 1 / (1 - f) of the units are spread evenly up to T (Tallec & Ollivier 2018, eq. 16).

    longest: T, time steps, at least 3.
    """
    drawn = 1 + (longest - 2) * torch.rand(layer.hidden, generator=generator, dtype=torch.float64)
    _block(layer, layer.cell.keeps).add_(drawn.log())
    if "i" in layer.cell.gates:
        _block(layer, layer.cell.gates.index("i")).sub_(drawn.log())


def _block(layer: Recurrent, number: int | None) -> torch.Tensor:
    assert number is not None
    return layer.b[number * layer.hidden : (number + 1) * layer.hidden]
