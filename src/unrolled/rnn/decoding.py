"""What a network that writes reads: the true answers in training, its own where it writes by itself."""

from collections.abc import Callable

import torch
from torch import Tensor

from .batch import Batch
from .masking import blanked

START, END = 0, 1  # of every vocabulary that is written: what the first step reads, and what ends a sequence


def shifted(batch: Batch) -> Tensor:
    """What a decoder reads while it is taught (teacher forcing, Williams & Zipser 1989): START, then y but its last."""
    y = blanked(batch.y, batch.y_mask)
    return torch.cat([torch.full_like(y[:1], START), y[:-1]])


@torch.no_grad()
def greedy(
    embed: Callable[[Tensor], Tensor],
    step: Callable[[Tensor, Tensor], Tensor],
    read_out: Callable[[Tensor], Tensor],
    h: Tensor,
    steps: int,
) -> Tensor:
    """Returns the most probable token at each step, each fed back: int64 (steps, B); START behind the END.

    embed: from tokens (B,) to what the RNN reads (B, E).
    step: from that and a state (B, H) to the next state.
    read_out: from a state to scores (B, V).
    h: the state before the first step, (B, H).
    steps: how many tokens to write.
    """
    token = torch.full((len(h),), START, device=h.device)
    open_, written = torch.ones_like(token, dtype=torch.bool), []
    for _ in range(steps):
        h = step(embed(token), h)
        token = torch.where(open_, read_out(h).argmax(1), START)
        open_ = open_ & (token != END)
        written.append(token)
    return torch.stack(written)
