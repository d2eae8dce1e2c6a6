"""What a backward pass leaves: the gradients of each time step."""

from collections.abc import Sequence

import torch
from torch import Tensor


class Tape:
    """Records one backward pass: pass it to the forward call, and read it after the backward pass.

    dh: (T, B, H), dL/dh_t, the total derivative through all later steps. A carried (masked) step has its successor's.
    dc: (T, B, H), dL/dc_t of the cell state that is handed on to the next step; None for a cell without one.
    da: (T, B, G H), dL/da_t, the derivative in the pre-activations; 0 where masked.
    dq: (T, B, G H), dL/dq_t, the derivative in W_h h_{t-1}: equal to dL/da_t but for a GRU.
    h: (T + 1, B, H), states, the initial one first: dL/dq_t and h_{t-1} make step t's part of dL/dW_h.
    c: (T + 1, B, H), cell states; None for a cell without one.
    The next pass overwrites the tape: take a new one for each pass to keep.
    """

    dh: Tensor | None = None
    dc: Tensor | None = None
    da: Tensor | None = None
    dq: Tensor | None = None
    h: Tensor | None = None
    c: Tensor | None = None

    def memory(self, like: Tensor, s: int = 0) -> Tensor:
        """Returns memory for dL/dh_t, or dL/dc_t: that of the last pass if it fits, because new pages cost time.

        s: number of the state.
        """
        old = (self.dh, self.dc)[s]
        if old is None or (old.shape, old.dtype, old.device) != (like.shape, like.dtype, like.device):
            return torch.empty_like(like)
        return old

    def begin(self, a: Tensor, initial: Sequence[Tensor]) -> None:
        """Takes memory for the gradients of another pass: 0 where none comes. a: (T, B, G H)."""
        made = [state.new_zeros(len(a), *state.shape) for state in initial]
        self.dh, self.dc = made[0], made[1] if len(made) > 1 else None
        self.da, self.dq = torch.zeros_like(a), torch.zeros_like(a)

    def keep(self, gradients: Sequence[Tensor], da: Tensor, dq: Tensor) -> None:
        """Records the gradients of the states, of a_t and of q_t."""
        self.dh, self.dc = gradients[0], gradients[1] if len(gradients) > 1 else None
        self.da, self.dq = da, dq

    def states(self, states: Sequence[Tensor]) -> None:
        """Records the states, (T + 1, B, H) each."""
        self.h, self.c = states[0], states[1] if len(states) > 1 else None
