"""The loop over time under autograd: the reference for the backward pass by hand."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from .cells.cell import Cell
from .tape import Tape


def unroll_by_autograd(  # noqa: PLR0917
    cell: Cell,
    a: Tensor,
    W_h: Tensor,
    b_h: Tensor | None,
    initial: Sequence[Tensor],
    mask: Tensor | None,
    tape: Tape | None,
) -> tuple[Tensor, ...]:
    """Returns all states h (T, B, H), and each of the last states; autograd differentiates each step's formula.

    a: W_x x_t + b, (T, B, G H).
    W_h, b_h: (G H, H), and (G H,) or None.
    initial: states, (B, H) each.
    """
    states, kept = list(initial), [[state] for state in initial]
    if tape is not None:
        tape.begin(a, initial)
    for t in range(len(a)):
        q_t, a_t = F.linear(states[0], W_h, b_h), a[t]
        if not cell.apart:  # the sum alone counts
            q_t, a_t = a_t.new_zeros(()), a_t + q_t
        a_t = a_t + 0
        made = cell.formula(a_t, q_t, states)
        if mask is not None:
            real = mask[t].unsqueeze(1)
            made = [torch.where(real, new, old) for new, old in zip(made, states, strict=True)]
        states = [made[0], *(state + 0 for state in made[1:])]  # c_t as it is handed on, without its way through h_t
        if tape is not None and states[0].requires_grad:
            _keep_gradients(tape, t, a_t, q_t if cell.apart else a_t, states)
        for each, state in zip(kept, states, strict=True):
            each.append(state)
    if tape is not None:
        tape.states([torch.stack(each).detach() for each in kept])
    return (torch.stack(kept[0][1:]), *states)


def _keep_gradients(tape: Tape, t: int, a: Tensor, q: Tensor, states: Sequence[Tensor]) -> None:
    for tensor, buffer in zip((a, q, *states), (tape.da, tape.dq, tape.dh, tape.dc), strict=False):
        assert buffer is not None
        _keep_gradient(tensor, buffer[t])


def _keep_gradient(tensor: Tensor, place: Tensor) -> None:
    def keep(gradient: Tensor) -> None:
        place.copy_(gradient)

    tensor.register_hook(keep)
