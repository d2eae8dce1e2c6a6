"""The loop over time of every cell, and its transpose by hand (Werbos 1990, "Backpropagation through time").

Shapes: T time steps, B batch, E inputs, H hidden units, G blocks of H rows. Names in min-char-rnn: W_x is Wxh, W_h is
Whh, h is hs, and dh is dhnext, kept here for every step.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from .cells.cell import Cell
from .tape import Tape


class Carry:
    """Masks by step: a masked step carries the states through unchanged, a step without any costs nothing."""

    def __init__(self, mask: Tensor | None, steps: int, dtype: torch.dtype) -> None:
        self.real: Tensor | None = None
        self.flags: list[Tensor | None] = [None] * steps  # (B, 1) bool, True = carried
        self.weights: list[Tensor | None] = [None] * steps  # (B, 1), 1 = carried
        if mask is None:
            return
        some = (~mask).any(1).tolist()
        self.real = mask.unsqueeze(2).to(dtype)
        flags, weights = (~mask).unsqueeze(2), 1 - self.real
        self.flags = [flags[t] if some[t] else None for t in range(steps)]
        self.weights = [weights[t] if some[t] else None for t in range(steps)]


class Unroll(torch.autograd.Function):
    """All states of a cell, and each of its last states; dL/dh_t and dL/dc_t go to a tape."""

    @staticmethod
    def forward(  # type: ignore[override]  # noqa: PLR0917  (autograd passes them by position)
        ctx,
        x: Tensor,
        W_x: Tensor,
        W_h: Tensor,
        b: Tensor,
        b_h: Tensor | None,
        mask: Tensor | None,
        cell: Cell,
        tape: Tape | None,
        *initial: Tensor,
    ) -> tuple[Tensor, ...]:
        (T, B), H = x.shape[:2], W_h.shape[1]
        memory = cell.memory(b, T, B, H)
        for state, first in zip(memory.states, initial, strict=True):
            state[0] = first
        if one_hot(x):
            torch.add(F.embedding(x, W_x.t()), b, out=memory.a)
        else:
            torch.addmm(b, x.reshape(T * B, x.shape[2]), W_x.t(), out=memory.a.view(T * B, len(b)))
        W_h_t, carry = W_h.t(), Carry(mask, T, b.dtype)
        for at, carried in zip(memory.steps(), carry.flags, strict=True):
            if at.q is None:
                at.a.addmm_(at.before[0], W_h_t)
            elif b_h is None:
                torch.mm(at.before[0], W_h_t, out=at.q)
            else:
                torch.addmm(b_h, at.before[0], W_h_t, out=at.q)
            cell.step(at)
            if carried is not None:
                for before, after in zip(at.before, at.after, strict=True):
                    torch.where(carried, before, after, out=after)
        ctx.set_materialize_grads(False)  # else a loss on the last state alone would make dense (T, B, H) zeros
        ctx.save_for_backward(x, W_x, W_h)
        ctx.memory, ctx.carry, ctx.cell, ctx.tape = memory, carry, cell, tape
        return (memory.states[0][1:], *(state[T] for state in memory.states))

    @staticmethod
    @once_differentiable
    def backward(ctx, g: Tensor | None, *last: Tensor | None):  # type: ignore[override]
        x, W_x, W_h = ctx.saved_tensors
        memory, carry, cell, tape = ctx.memory, ctx.carry, ctx.cell, ctx.tape
        T, B, H = x.shape[0], x.shape[1], W_h.shape[1]
        factors = cell.factors(memory)
        if carry.real is not None:
            for factor in factors:
                factor.masked_fill_(_as(carry.real, factor) == 0, 0)  # a derivative may be nan there
        gradients = [_Gradient(memory.states[0], T, tape, s) for s in range(len(cell.names))]
        direct = [None] * T if g is None else g.unbind(0)
        for s, gradient in enumerate(gradients):
            _start(gradient.at[T - 1], direct[T - 1] if s == 0 else None, last[s])
        dq, wanted = factors[0].flatten(2), any(ctx.needs_input_grad[8:])
        initial = [torch.empty_like(each.at[0]) if wanted else None for each in gradients]
        rows, steps, dq_t = list(zip(*(each.at for each in gradients), strict=True)), _steps(factors), dq.unbind(0)
        for t in range(T - 1, -1, -1):
            passed = cell.pull(steps[t], rows[t])
            before, own = (rows[t - 1], direct[t - 1]) if t else (initial, None)
            carried = carry.weights[t]
            for s, out in enumerate(before):
                if out is not None:
                    _back(out, None if s else dq_t[t], W_h, None if s else own, passed[s])
                    if carried is not None:
                        out.addcmul_(rows[t][s], carried)
        da = cell.to_inputs(factors, factors[0]).flatten(2)
        if tape:
            tape.keep([each.whole for each in gradients], da, dq)
            tape.states(memory.states)
        da_flat, dq_flat = da.view(T * B, len(W_x)), dq.reshape(T * B, len(W_h))
        dx = (da_flat @ W_x).view_as(x) if ctx.needs_input_grad[0] else None
        dW_x = _outer(da_flat, x, W_x) if ctx.needs_input_grad[1] else None
        dW_h = dq_flat.t() @ memory.states[0][:-1].view(T * B, H) if ctx.needs_input_grad[2] else None
        db_h = dq_flat.sum(0) if ctx.needs_input_grad[4] else None
        return dx, dW_x, dW_h, da_flat.sum(0), db_h, None, None, None, *initial


class _Gradient:
    """dL/dh_t of one state: of all steps for a tape, else of two."""

    def __init__(self, like: Tensor, T: int, tape: Tape | None, s: int) -> None:
        self.whole = tape.memory(like[1:], s) if tape else like.new_empty(min(T, 2), *like.shape[1:])
        kept = self.whole.unbind(0)
        self.at = kept if tape else [kept[t % 2] for t in range(T)]


def one_hot(x: Tensor) -> bool:
    """Returns whether x holds tokens, which stand for unit vectors."""
    return not x.is_floating_point()


def _steps(factors: Sequence[Tensor]) -> list[tuple[Tensor, ...]]:
    return list(zip(*(factor.unbind(0) for factor in factors), strict=True))


def _as(real: Tensor, factor: Tensor) -> Tensor:
    """Returns the mask (T, B, 1) with as many dimensions as a factor."""
    return real if factor.ndim == 3 else real.unsqueeze(3)


def _outer(da: Tensor, x: Tensor, W_x: Tensor) -> Tensor:
    """Computes dL/dW_x (G H, E), the sum of dL/da_t x_t^T; a token adds to one column only."""
    if one_hot(x):
        return torch.zeros_like(W_x.t()).index_add_(0, x.flatten(), da).t()
    return da.t() @ x.reshape(len(da), x.shape[-1])


def _start(out: Tensor, direct: Tensor | None, last: Tensor | None) -> None:
    """Writes the gradient of a last state: from both outputs, all states and the last one."""
    out.zero_() if direct is None else out.copy_(direct)
    if last is not None:
        out.add_(last)


def _back(out: Tensor, dq: Tensor | None, W_h: Tensor, direct: Tensor | None, passed: Tensor | None) -> None:
    """Writes the gradient of a state before: W_h^T dL/dq_t, its own loss, and what passes by W_h."""
    if dq is None:
        assert passed is not None
        out.copy_(passed)
        return
    if direct is None:
        torch.mm(dq, W_h, out=out)
    else:
        torch.addmm(direct, dq, W_h, out=out)
    if passed is not None:
        out.add_(passed)
