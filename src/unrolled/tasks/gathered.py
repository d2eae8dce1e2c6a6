"""Splits whose inputs are made for each batch, where all of them at once would need a multiple of the data's memory."""

from collections.abc import Callable

import torch
from torch import Tensor

from unrolled.rnn import Batch
from unrolled.rnn.masking import blanked

from .data import PIECE, Split

Gather = Callable[[Tensor], Tensor]  # places of n examples, int64 (n,), to their x


class Gathered(Split):
    """A split that keeps what its inputs are made of, in place of the inputs; `x` makes all of them at each access."""

    def __init__(self, gather: Gather, mask: Tensor | None, y: Tensor, y_mask: Tensor | None = None) -> None:
        """Keeps the function. gather: values under the mask are 0."""
        values = {"_gather": gather, "mask": mask, "y": blanked(y, y_mask), "y_mask": y_mask}
        for name, value in values.items():
            object.__setattr__(self, name, value)  # as a frozen dataclass has it

    @property
    def x(self) -> Tensor:  # type: ignore[override]
        return self.inputs(torch.arange(len(self)))

    def inputs(self, rows: Tensor) -> Tensor:
        return self._gather(rows)  # type: ignore[attr-defined]

    @property
    def shape(self) -> torch.Size:
        return torch.Size([len(self), *self.inputs(torch.arange(min(1, len(self)))).shape[1:]])

    def whole(self) -> Batch:
        return self[torch.arange(len(self))]

    def unread(self) -> Batch:
        return self._batch(self.inputs(torch.arange(0)), self.mask, self.y, self.y_mask)


def gathered(gather: Gather, mask: Tensor | None, y: Tensor, y_mask: Tensor | None = None) -> Split:
    """Returns a split whose inputs a function makes: all at once if they are few, else those of each batch.

    gather: from the places of examples to their x; values under the mask are 0.
    mask, y, y_mask: of all examples.
    """
    found = Gathered(gather, mask, y, y_mask)
    if found.shape.numel() > PIECE:
        return found
    return Split(found.x, mask, y, y_mask)
