"""Decoding: teacher forcing in training, greedy decoding at inference."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .batch import Batch
from .masking import blanked

START, END = 0, 1  # tokens of every output vocabulary: read by the first step, and last of a sequence


def shifted(batch: Batch) -> Tensor:
    """Returns the decoder's input tokens (T', B) under teacher forcing: START, then y without its last step.

    Williams & Zipser (1989).
    """
    y = blanked(batch.y, batch.y_mask)
    return torch.cat([torch.full_like(y[:1], START), y[:-1]])


@torch.no_grad()
def greedy(
    embed: Callable[[Tensor], Tensor],
    step: Callable[[Tensor, Sequence[Tensor]], Sequence[Tensor]],
    read_out: Callable[[Tensor], Tensor],
    states: Sequence[Tensor],
    steps: int,
) -> Tensor:
    """Returns the most probable token at each step, which the next step reads: int64 (steps, B); START after END.

    embed: from tokens (B,) to the input of the RNN (B, E).
    step: from an input and states (B, H) to the next states.
    read_out: from h to logits (B, V).
    states: those before the first step, (B, H) each, h first.
    steps: number of tokens.
    """
    token = torch.full((len(states[0]),), START, device=states[0].device)
    open_, written = torch.ones_like(token, dtype=torch.bool), []
    for _ in range(steps):
        states = step(embed(token), states)
        token = torch.where(open_, read_out(states[0]).argmax(1), START)
        open_ = open_ & (token != END)
        written.append(token)
    return torch.stack(written)
