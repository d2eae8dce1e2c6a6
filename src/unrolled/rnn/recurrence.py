"""The recurrence h_t = f(W_x x_t + W_h h_{t-1} + b), unrolled, and its backpropagation through time by hand.

Shapes: T time steps, B batch, E inputs, H hidden. Names in min-char-rnn: W_x is Wxh, W_h is Whh, h is hs, and dh is
dhnext, kept here for every step.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from .activations import Activation
from .activations import activation as activation_of
from .init import fan_in, recurrent
from .masking import blanked


class Tape:
    """Records one backward pass: pass it to the forward call, and read it after the backward pass.

    dh: (T, B, H), dL/dh_t, the total derivative through all later steps. A carried (masked) step has its successor's.
    da: (T, B, H), dL/da_t, the derivative in the pre-activation; 0 where masked.
    h: (T + 1, B, H), states, the initial one first: dL/da_t and h_{t-1} make step t's part of dL/dW_h.
    The next pass overwrites the tape: take a new one for each pass to keep.
    """

    dh: Tensor | None = None
    da: Tensor | None = None
    h: Tensor | None = None

    def memory(self, like: Tensor) -> Tensor:
        """Returns memory for dL/dh_t: that of the last pass if it fits, because new pages cost time."""
        old = self.dh
        if old is None or (old.shape, old.dtype, old.device) != (like.shape, like.dtype, like.device):
            return torch.empty_like(like)
        return old


class _Carry:
    """Masks by step: a masked step carries the state through unchanged, a step without any costs nothing."""

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


class _Unroll(torch.autograd.Function):
    """The loop over time and its transpose (Werbos 1990, "Backpropagation through time")."""

    @staticmethod
    def forward(  # type: ignore[override]  # noqa: PLR0917  (autograd passes them by position)
        ctx,
        x: Tensor,
        W_x: Tensor,
        W_h: Tensor,
        b: Tensor,
        h0: Tensor,
        mask: Tensor | None,
        f: Activation,
        tape: Tape | None,
    ) -> tuple[Tensor, Tensor]:
        (T, B), H = x.shape[:2], W_h.shape[0]
        states = b.new_empty(T + 1, B, H)
        states[0] = h0
        # If f may overwrite its argument, a_t uses the memory of h_t.
        a = states[1:] if f.in_place else b.new_empty(T, B, H)
        if one_hot(x):
            torch.add(F.embedding(x, W_x.t()), b, out=a)
        else:
            torch.addmm(b, x.reshape(T * B, x.shape[2]), W_x.t(), out=a.view(T * B, H))
        W_h_t, carry, h = W_h.t(), _Carry(mask, T, b.dtype), states.unbind(0)
        previous = h[0]
        for a_t, h_t, carried in zip(a.unbind(0), h[1:], carry.flags, strict=True):
            a_t.addmm_(previous, W_h_t)
            f.in_place(a_t) if f.in_place else h_t.copy_(f.f(a_t))
            if carried is not None:
                torch.where(carried, previous, h_t, out=h_t)
            previous = h_t
        ctx.set_materialize_grads(False)  # else a loss on the last state alone would make dense (T, B, H) zeros
        ctx.save_for_backward(x, W_x, W_h, states, None if f.in_place else a)
        ctx.carry, ctx.f, ctx.tape = carry, f, tape
        return states[1:], states[T]

    @staticmethod
    @once_differentiable
    def backward(ctx, g: Tensor | None, g_last: Tensor | None):  # type: ignore[override]
        x, W_x, W_h, states, a = ctx.saved_tensors
        f, carry, tape = ctx.f, ctx.carry, ctx.tape
        T, B, H = x.shape[0], x.shape[1], W_h.shape[0]
        da = f.derivative(states[1:] if f.of_output else a)  # f', which dL/da_t overwrites below
        if carry.real is not None:
            da.masked_fill_(carry.real == 0, 0)  # f' may be nan there
        kept = tape.memory(da) if tape else da.new_empty(min(T, 2), B, H)
        da_t, dh = da.unbind(0), kept.unbind(0) if tape else [kept[t % 2] for t in range(T)]
        direct = [None] * T if g is None else g.unbind(0)
        _start(dh[T - 1], direct[T - 1], g_last)
        for t in range(T - 1, 0, -1):
            da_t[t].mul_(dh[t])
            _carry_back(dh[t - 1], direct[t - 1], da_t[t], W_h, dh[t], carry.weights[t])
        da[0].mul_(dh[0])
        if tape:
            tape.dh, tape.da, tape.h = kept, da, states
        dh0 = None
        if ctx.needs_input_grad[4]:
            dh0 = da.new_empty(B, H)
            _carry_back(dh0, None, da[0], W_h, dh[0], carry.weights[0])
        da_flat = da.view(T * B, H)
        dx = (da_flat @ W_x).view_as(x) if ctx.needs_input_grad[0] else None
        dW_x = _outer(da_flat, x, W_x) if ctx.needs_input_grad[1] else None
        dW_h = da_flat.t() @ states[:-1].view(T * B, H) if ctx.needs_input_grad[2] else None
        return dx, dW_x, dW_h, da_flat.sum(0), dh0, None, None, None


def one_hot(x: Tensor) -> bool:
    """Returns whether x holds tokens, which stand for unit vectors."""
    return not x.is_floating_point()


def _outer(da: Tensor, x: Tensor, W_x: Tensor) -> Tensor:
    """Computes dL/dW_x (H, E), the sum of dL/da_t x_t^T; a token adds to one column only."""
    if one_hot(x):
        return torch.zeros_like(W_x.t()).index_add_(0, x.flatten(), da).t()
    return da.t() @ x.reshape(len(da), x.shape[-1])


def _start(out: Tensor, direct: Tensor | None, last: Tensor | None) -> None:
    """Writes dL/dh_T: the gradients of both outputs, all states and the last one."""
    out.zero_() if direct is None else out.copy_(direct)
    if last is not None:
        out.add_(last)


def _carry_back(  # noqa: PLR0917
    out: Tensor,
    direct: Tensor | None,
    da: Tensor,
    W_h: Tensor,
    later: Tensor,
    carried: Tensor | None,
) -> None:
    """Writes dL/dh_{t-1} = (direct part) + J_t^T dL/dh_t, with J_t = I if the step was carried."""
    if direct is None:
        torch.mm(da, W_h, out=out)
    else:
        torch.addmm(direct, da, W_h, out=out)
    if carried is not None:
        out.addcmul_(later, carried)


def _keep_gradient(tensor: Tensor, buffer: Tensor | None, t: int) -> None:
    def keep(gradient: Tensor) -> None:
        assert buffer is not None
        buffer[t] = gradient

    tensor.register_hook(keep)


def _unroll_by_autograd(
    rnn: "RNN", x: Tensor, h: Tensor, mask: Tensor | None, tape: Tape | None
) -> tuple[Tensor, Tensor]:
    """Runs the recurrence under autograd: the reference for `_Unroll`."""
    states, projected, before = [], rnn.project(x), h
    if tape is not None:
        tape.dh, tape.da = (torch.zeros_like(projected) for _ in range(2))
    for t in range(x.shape[0]):
        a = torch.addmm(projected[t], h, rnn.W_h.t())
        new = rnn.f.f(a + 0)  # `identity` returns its argument, and a and h need a gradient each
        h = new if mask is None else torch.where(mask[t].unsqueeze(1), new, h)
        if tape is not None and h.requires_grad:
            _keep_gradient(a, tape.da, t)
            _keep_gradient(h, tape.dh, t)
        states.append(h)
    if tape is not None:
        tape.h = torch.stack([before, *states]).detach()
    return torch.stack(states), h


class RNN(nn.Module):
    """A vanilla recurrent layer, unrolled by hand (Elman 1990): h_t = f(W_x x_t + W_h h_{t-1} + b).

    inputs: E, size of x_t.
    hidden: H, size of h_t.
    activation: a name in `ACTIVATIONS`.
    backward: "bptt" (by hand, fast) or "autograd" (the reference; same numbers).
    Parameters: W_x (H, E), W_h (H, H), b (H,). Initially W_x has sd 1/sqrt(E), W_h is orthogonal and b is 0.
    Raises ValueError for sizes below 1 and for unknown names.
    """

    def __init__(self, inputs: int, hidden: int, activation: str = "tanh", backward: str = "bptt") -> None:
        super().__init__()
        if inputs < 1 or hidden < 1:
            raise ValueError(f"inputs={inputs}, hidden={hidden}: both must be at least 1")
        if backward not in ("bptt", "autograd"):
            raise ValueError(f"unknown backward {backward!r}; allowed: bptt, autograd")
        self.inputs, self.hidden = inputs, hidden
        self.activation, self.backward = activation, backward
        dtype = torch.get_default_dtype()
        activation_of(activation)  # an unknown one raises here, not at the first call
        self.W_x = nn.Parameter(fan_in(hidden, inputs).to(dtype))
        self.W_h = nn.Parameter(recurrent("orthogonal", hidden).to(dtype))
        self.b = nn.Parameter(torch.zeros(hidden))

    @property
    def f(self) -> Activation:
        return activation_of(self.activation)

    def step(self, x_t: Tensor, h: Tensor) -> Tensor:
        """Computes one step: x_t (..., E) or tokens (...), and h (..., H), to the next state (..., H)."""
        return self.f.f(self.project(x_t) + F.linear(h, self.W_h))

    def project(self, x: Tensor) -> Tensor:
        """Computes W_x x + b, (..., H).

        x: numbers (..., E), or tokens int64 (...), each standing for its unit vector.
        """
        return F.embedding(x, self.W_x.t()) + self.b if one_hot(x) else F.linear(x, self.W_x, self.b)

    def forward(
        self,
        x: Tensor,
        h0: Tensor | None = None,
        tape: Tape | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Computes all states h (T, B, H).

        x: (T, B, E); or tokens int64 (T, B) below E, unit vectors whose product with W_x is a look-up.
        h0: (B, H), the initial state; None = 0.
        tape: records the backward pass.
        mask: bool (T, B), True = real; a masked step carries the state through unchanged. None = all are real.
        Raises ValueError if shapes do not fit.
        """
        return self.unroll(x, h0, tape, mask)[0]

    def unroll(
        self,
        x: Tensor,
        h0: Tensor | None = None,
        tape: Tape | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Computes all states and, as a second output, the last one: (h (T, B, H), h_T (B, H)).

        Arguments and errors are those of `forward`. A loss that reads only h_T is cheaper through the second output.
        """
        h0, x = self._initial_state(x, h0, mask), blanked(x, mask)
        if self.backward == "autograd":
            return _unroll_by_autograd(self, x, h0, mask, tape)
        return _Unroll.apply(x, self.W_x, self.W_h, self.b, h0, mask, self.f, tape)  # type: ignore[return-value]

    def _initial_state(self, x: Tensor, h0: Tensor | None, mask: Tensor | None) -> Tensor:
        fits = x.ndim == 2 if one_hot(x) else x.ndim == 3 and x.shape[2] == self.inputs
        if not fits or x.shape[0] < 1:
            raise ValueError(f"x has shape {tuple(x.shape)}, expected (T >= 1, B, {self.inputs})")
        T, B = x.shape[:2]
        if mask is not None and (mask.shape != (T, B) or mask.dtype != torch.bool):
            raise ValueError(f"mask is {mask.dtype} {tuple(mask.shape)}, expected torch.bool {(T, B)}")
        if h0 is None:
            return self.b.new_zeros(B, self.hidden)
        if h0.shape != (B, self.hidden):
            raise ValueError(f"h0 has shape {tuple(h0.shape)}, expected {(B, self.hidden)}")
        return h0

    def extra_repr(self) -> str:
        return f"{self.inputs}, {self.hidden}, activation={self.activation!r}, backward={self.backward!r}"
