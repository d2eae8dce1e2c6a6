"""Perturbed copies of a split, on which a trained network is scored: steps in random order, steps hidden."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Generator, Tensor

from unrolled.rnn.init import stream

from .data import PIECE, Data, Split
from .gathered import gathered

SHUFFLED = "steps shuffled"
MOST = 20_000  # examples that are perturbed: enough for a score, and no second copy of a large split


def shuffled(split: Split, generator: Generator, *, aligned: bool = False) -> Split:
    """Returns the split with the steps of each sequence in random order; padding keeps its place.

    aligned: whether there is an answer a step, which goes with its step.
    """
    assert split.mask is not None
    order = _orders(split.mask, generator)

    def gather(rows: Tensor) -> Tensor:
        return _in_order(split.inputs(rows), order[rows].long())

    if not aligned:
        return gathered(gather, split.mask, split.y, split.y_mask)
    assert split.y_mask is not None
    every = order.long()
    return gathered(gather, split.mask, _in_order(split.y, every), _in_order(split.y_mask, every))


def _orders(mask: Tensor, generator: Generator) -> Tensor:
    """Returns a random order of the steps of each sequence, (N, T), in the smallest type of integer that holds it."""
    T = mask.shape[1]
    small = next(kind for kind in (torch.uint8, torch.int16, torch.int32) if torch.iinfo(kind).max >= T)
    found = torch.empty(mask.shape, dtype=small)
    each = max(PIECE // max(T, 1), 1)
    for part, real in zip(found.split(each), mask.split(each), strict=True):
        drawn = torch.rand(real.shape, generator=generator)
        part.copy_(drawn.masked_fill_(~real, -1.0).argsort(dim=1))
    return found


def with_shuffled(data: Data, seed: int) -> Data:
    """Returns the data with shuffled steps as a variant, unless there is one, or the input is no sequence.

    In an aligned task the answers go with their steps.
    """
    if data.val.mask is None or any(name.endswith("shuffled") for name in data.variants):
        return data
    aligned = data.pattern == "sequence_to_sequence"
    variant = shuffled(enough_of(data.val), stream(seed, "shuffle/variant"), aligned=aligned)
    return replace(data, variants={SHUFFLED: variant, **data.variants})


def with_note(data: Data) -> Data:
    """Returns the data with a line on how many examples are perturbed, if not all are."""
    if len(data.val) <= MOST or not data.variants:
        return data
    line = f"with steps shuffled or hidden: scores on {MOST:,} of the {len(data.val):,} validation examples"
    return replace(data, notes=[*data.notes, line])


def _in_order(values: Tensor, order: Tensor) -> Tensor:
    """Returns values (N, T) or (N, T, E) with their steps in this order, (N, T)."""
    return values.gather(1, order if values.ndim == 2 else order.unsqueeze(2).expand_as(values))


def enough_of(split: Split) -> Split:
    """Returns the split, or MOST evenly spaced examples of a larger one."""
    if len(split) <= MOST:
        return split
    rows = torch.linspace(0, len(split) - 1, MOST, dtype=torch.float64).round().long()
    mask, y_mask = (None if each is None else each[rows] for each in (split.mask, split.y_mask))
    return gathered(lambda some: split.inputs(rows[some]), mask, split.y[rows], y_mask)


def some(split: Split, n: int, generator: Generator) -> Split:
    """Returns n examples of the split, or all if there are fewer, in random order."""
    return split.only(torch.randperm(len(split), generator=generator)[:n])


def hidden(split: Split, share: float, value: int | Tensor, *, first: bool) -> Split:
    """Returns the split with the first or the last steps of each sequence replaced.

    share: of the steps of each sequence; at least one step is replaced.
    value: a token, or numbers (E,), in their place.
    """
    return _replaced(split, lambda lengths: (share * lengths).round().clamp_min(1), value, first)


def without(split: Split, n: int, value: int | Tensor, *, first: bool) -> Split:
    """Returns the split with the first or the last n steps of each sequence replaced.

    value: a token, or numbers (E,), in their place.
    """
    return _replaced(split, lambda lengths: torch.full_like(lengths, n), value, first)


def _replaced(split: Split, count: Callable[[Tensor], Tensor], value: int | Tensor, first: bool) -> Split:
    """Returns the split with some steps of each sequence replaced. count: from lengths (n, 1) to how many, (n, 1)."""
    assert split.mask is not None
    every = split.mask

    def gather(rows: Tensor) -> Tensor:
        x, mask = split.inputs(rows), every[rows]
        place, lengths = mask.cumsum(1), mask.sum(1, keepdim=True)
        if not first:
            place = lengths - place + 1
        gone = mask & (place <= count(lengths))
        return torch.where(gone.unsqueeze(2) if x.ndim == 3 else gone, torch.as_tensor(value, dtype=x.dtype), x)

    return gathered(gather, split.mask, split.y, split.y_mask)
