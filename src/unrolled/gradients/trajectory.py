"""Runs a layer in float64 along its inputs: the start of every diagnostic."""

import copy

import torch
import torch.nn.functional as F
from torch import Tensor

from unrolled.rnn import RNN, Recurrent, Tape
from unrolled.rnn.cells.cell import joint
from unrolled.rnn.cells.leaky import Leaky as LeakyCell
from unrolled.rnn.masking import blanked, first_not_finite
from unrolled.rnn.recurrence import Initial

from .along import Trajectory
from .along_cell import AlongCell
from .along_leaky import AlongLeaky
from .along_vanilla import AlongVanilla


@torch.no_grad()
def trajectory(layer: Recurrent, x: Tensor, h0: Initial = None, mask: Tensor | None = None) -> Trajectory:
    """Runs a layer of any precision in float64 and returns its states and Jacobians.

    x: (T, B, E), inputs; or tokens int64 (T, B).
    h0: (B, H) or (H,), the initial state, a pair of them for a layer with two; None = 0.
    mask: bool (T, B), True = real; None = all are.
    Raises ValueError if shapes do not fit or an input is nan or inf.
    """
    wrong = first_not_finite(x if mask is None or mask.shape != x.shape[:2] else blanked(x, mask))
    if wrong is not None:
        raise ValueError(f"x is {wrong}: inputs must be finite numbers")
    for given in _listed(h0):
        if (wrong := first_not_finite(given.reshape(-1, given.shape[-1]), by_step=False)) is not None:
            raise ValueError(f"h0 is {wrong}: the initial state must be finite numbers")
    return states_along(layer, x, h0, mask)


@torch.no_grad()
def states_along(layer: Recurrent, x: Tensor, h0: Initial = None, mask: Tensor | None = None) -> Trajectory:
    """Runs a layer on inputs that may overflow, because the network's own embedding computes them.

    Arguments are those of `trajectory`. Inputs that are not finite count as divergence of the network, not as an error.
    """
    layer = copy.deepcopy(layer).requires_grad_(False).double()
    if x.is_floating_point():
        x = x.double()
    given = [each.double().expand(x.shape[1], -1) if x.ndim > 1 else each.double() for each in _listed(h0)] or None
    real = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device) if mask is None else mask
    return _vanilla(layer, x, given, real) if isinstance(layer, RNN) else _gated(layer, x, given, real)


def _listed(h0: Initial) -> list[Tensor]:
    if h0 is None:
        return []
    return [h0] if isinstance(h0, Tensor) else list(h0)


def _vanilla(rnn: RNN, x: Tensor, given: list[Tensor] | None, real: Tensor) -> AlongVanilla:
    h = rnn(x, given, mask=real)
    start = torch.zeros_like(h[0]) if given is None else given[0]
    a = rnn.project(blanked(x, real)) + F.linear(torch.cat([start.unsqueeze(0), h[:-1]]), rnn.W_h)
    return AlongVanilla(rnn.f, rnn.W_h, start, a, h, rnn.f.log_abs_derivative_at(a), real, _diverged_at(a, real))


def _gated(layer: Recurrent, x: Tensor, given: list[Tensor] | None, real: Tensor) -> AlongCell:
    layer.backward, kept = "autograd", Tape()  # the loop by formulas keeps every state without a backward pass
    layer.states(x, given, kept, real)
    states = [state for state in (kept.h, kept.c) if state is not None]
    a = layer.project(blanked(x, real))
    q = F.linear(states[0][:-1], layer.W_h, layer.b_h)
    whole = joint([state[1:] for state in states])
    diverged_at = _diverged_at(torch.cat([a, q, whole], 2), real)
    cell = layer.cell
    partials = cell.partials(a, q, [state[:-1] for state in states])
    start = joint([state[0] for state in states])
    if isinstance(cell, LeakyCell):
        return AlongLeaky(cell, layer.W_h, start, whole, partials, real, diverged_at)
    return AlongCell(cell, layer.W_h, start, whole, partials, real, diverged_at)


def _diverged_at(values: Tensor, real: Tensor) -> int | None:
    """Returns the first step with a real sample whose values (T, B, ...) are not finite, or None."""
    finite = (torch.isfinite(values).all(2) | ~real).all(1)
    return None if finite.all() else int((~finite).nonzero()[0])
