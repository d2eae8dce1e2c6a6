"""A stack of recurrent layers as torch.nn has them: several, each in one or both directions of time."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor

from .recurrence import Recurrent


class Stacked(NamedTuple):
    """A layer in its place of a stack.

    number: from 0, as torch counts.
    reverse: whether it reads time backwards.
    layer: its weights.
    """

    number: int
    reverse: bool
    layer: Recurrent

    @property
    def suffix(self) -> str:
        """The end of the names that torch gives to its weights: l0, l0_reverse, l1, ..."""
        return f"l{self.number}{'_reverse' * self.reverse}"


@torch.no_grad()
def inputs_of(stack: Sequence[Stacked], x: Tensor) -> Iterator[tuple[Stacked, Tensor]]:
    """Yields each layer and its inputs (T, B, E) in the order in which it reads them: from the last step if reverse.

    The inputs of a layer above the first are the states of that below, both directions side by side.

    stack: in order; of the same number first the layer that reads forwards.
    x: (T, B, E), inputs of the first layer, in order of time.
    """
    for _, directions in groupby(stack, lambda each: each.number):
        states = []
        for each in directions:
            read = x.flip(0) if each.reverse else x
            yield each, read
            h = each.layer(read)
            states.append(h.flip(0) if each.reverse else h)
        x = torch.cat(states, 2)
