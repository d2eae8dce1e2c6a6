"""Perturbed copies of a split, on which a trained network is scored: steps in random order, steps hidden."""

from dataclasses import replace

import torch
from torch import Generator, Tensor

from unrolled.rnn.init import stream

from .data import Data, Split

SHUFFLED = "steps shuffled"
MOST = 20_000  # examples that are perturbed: enough for a score, and no second copy of a large split


def shuffled(split: Split, generator: Generator, *, aligned: bool = False) -> Split:
    """Returns the split with the steps of each sequence in random order; padding keeps its place.

    aligned: whether there is an answer a step, which goes with its step.
    """
    assert split.mask is not None
    order = torch.rand(split.mask.shape, generator=generator)
    order = order.masked_fill(~split.mask, -1.0).argsort(dim=1)
    x = _in_order(split.x, order)
    if not aligned:
        return replace(split, x=x)
    assert split.y_mask is not None
    return replace(split, x=x, y=_in_order(split.y, order), y_mask=_in_order(split.y_mask, order))


def with_shuffled(data: Data, seed: int) -> Data:
    """Returns the data with shuffled steps as a variant, unless there is one, or the input is no sequence.

    In an aligned task the answers go with their steps.
    """
    if data.val.mask is None or any(name.endswith("shuffled") for name in data.variants):
        return data
    aligned = data.pattern == "sequence_to_sequence"
    variant = shuffled(enough_of(data.val), stream(seed, "shuffle/variant"), aligned=aligned)
    return replace(data, variants={SHUFFLED: variant, **data.variants})


def _in_order(values: Tensor, order: Tensor) -> Tensor:
    """Returns values (N, T) or (N, T, E) with their steps in this order, (N, T)."""
    return values.gather(1, order if values.ndim == 2 else order.unsqueeze(2).expand_as(values))


def enough_of(split: Split) -> Split:
    """Returns the split, or MOST evenly spaced examples of a larger one."""
    if len(split) <= MOST:
        return split
    return _rows(split, torch.linspace(0, len(split) - 1, MOST, dtype=torch.float64).round().long())


def _rows(split: Split, rows: Tensor) -> Split:
    mask, y_mask = (None if each is None else each[rows] for each in (split.mask, split.y_mask))
    return Split(split.x[rows], mask, split.y[rows], y_mask)


def some(split: Split, n: int, generator: Generator) -> Split:
    """Returns n examples of the split, or all if there are fewer, in random order."""
    return _rows(split, torch.randperm(len(split), generator=generator)[:n])


def hidden(split: Split, share: float, value: int | Tensor, *, first: bool) -> Split:
    """Returns the split with the first or the last steps of each sequence replaced.

    share: of the steps of each sequence; at least one step is replaced.
    value: a token, or numbers (E,), in their place.
    """
    assert split.mask is not None
    lengths = split.mask.sum(1, keepdim=True)
    n = (share * lengths).round().clamp_min(1)
    return _replaced(split, n, value, first)


def without(split: Split, n: int, value: int | Tensor, *, first: bool) -> Split:
    """Returns the split with the first or the last n steps of each sequence replaced.

    value: a token, or numbers (E,), in their place.
    """
    return _replaced(split, torch.tensor(n), value, first)


def _replaced(split: Split, n: Tensor, value: int | Tensor, first: bool) -> Split:
    assert split.mask is not None
    place = split.mask.cumsum(1)
    if not first:
        place = split.mask.sum(1, keepdim=True) - place + 1
    gone = split.mask & (place <= n)
    if split.x.ndim == 3:
        gone = gone.unsqueeze(2)
    return replace(split, x=torch.where(gone, torch.as_tensor(value, dtype=split.x.dtype), split.x))
