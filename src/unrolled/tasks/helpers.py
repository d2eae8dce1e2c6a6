"""Helpers for the file of an own task: what most of them need between reading their data and returning `Data`.

All can be imported from `unrolled.tasks`.
"""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from unrolled.errors import UserError

from .data import most_frequent
from .sequences import last_step, mean_step
from .tables import windows as rows_of
from .tables.cheap import logistic, ridge
from .tables.draws import drawn_whole
from .tables.padding import to_the_left
from .tables.parts import at_random
from .text import bag_of_words, build_vocabulary, encode, tokens, words_of
from .units import Units

__all__ = [
    "bag_of_words",
    "encode",
    "last_step",
    "logistic",
    "mean_step",
    "most_frequent",
    "padded",
    "ridge",
    "scaled",
    "split",
    "tokens",
    "vocabulary",
    "windows",
    "words_of",
]


def padded(sequences: Sequence[Any], length: int | None = None) -> tuple[Tensor, Tensor]:
    """Returns sequences padded on the left with 0, so that all end at the last time step, and their mask.

    sequences: N arrays, tensors or lists: whole numbers (t,) are tokens, other numbers are (t,) or (t, E).
    length: T, number of time steps; a longer sequence keeps its last ones. None: the longest sequence's.

    Returns (x, mask): x int64 (N, T) for tokens, float32 (N, T, E) for numbers; mask bool (N, T), True where a step is
    one of the sequence.
    Raises UserError for no sequence, one without a step, texts, and sequences of different kinds or E.
    """
    if not len(sequences):
        raise UserError("padded: no sequence; allowed: 1 or more")
    if length is not None and length < 1:
        raise UserError(f"padded: length is {length}; allowed: 1 or more")
    each = [_steps(sequence, i) for i, sequence in enumerate(sequences)]
    for i, steps in enumerate(each):
        if steps.dtype != each[0].dtype or steps.shape[1:] != each[0].shape[1:]:
            raise UserError(f"padded: sequence {i} has {_kind(steps)}, and sequence 0 {_kind(each[0])}")
    lengths = np.array([len(steps) for steps in each])
    x, mask = to_the_left(np.concatenate(each), np.cumsum(lengths), lengths, length or int(lengths.max()))
    return torch.from_numpy(x), torch.from_numpy(mask)


def _steps(sequence: Any, i: int) -> np.ndarray:
    """Returns a sequence as int64 (t,) or float32 (t, E)."""
    steps = np.asarray(sequence)
    if steps.ndim not in (1, 2) or not steps.size:
        raise UserError(
            f"padded: sequence {i} has the shape {steps.shape}; allowed: (t,) or (t, E), with 1 step or more"
        )
    if steps.dtype.kind not in "iufb":
        instead = "unrolled.tasks.tokens makes tokens of words"
        raise UserError(f"padded: sequence {i} is {steps.dtype}; allowed: numbers ({instead})")
    if steps.dtype.kind != "f" and steps.ndim == 1:
        return steps.astype(np.int64)
    return steps.astype(np.float32).reshape(len(steps), -1)


def _kind(steps: np.ndarray) -> str:
    return "tokens" if steps.dtype == np.int64 else f"numbers, {steps.shape[1]} a step"


def split(
    n: int,
    *,
    share: float = 0.2,
    labels: Sequence[Hashable] | np.ndarray | Tensor | None = None,
    groups: Sequence[Hashable] | np.ndarray | Tensor | None = None,
    seed: int = 0,
) -> tuple[Tensor, Tensor]:
    """Returns a random split of n examples.

    share: of the examples (of the groups, if there are any) that validate.
    labels: a class for each example; both parts have each class in its share.
    groups: a group for each example; no group is in both parts.
    seed: of the split. The run's own seed would score each run on other examples.

    Returns (train, val): places of examples, int64, in ascending order; `x[train]` are the examples that train.
    Raises UserError for a share outside (0, 1), fewer than 2 examples or groups, and lists of another length than n.
    """
    if not 0 < share < 1:
        raise UserError(f"split: share is {share}; allowed: between 0 and 1")
    for name, values in (("labels", labels), ("groups", groups)):
        if values is not None and len(values) != n:
            raise UserError(f"split: {name} has {len(values)} values; allowed: {n}, one for each example")
    if labels is not None and groups is not None:
        raise UserError("split: labels and groups are given; allowed: one of them")
    number = n if groups is None else len({_plain(each) for each in groups})
    if number < 2:
        raise UserError(f"split: {number} {'examples' if groups is None else 'groups'}; allowed: 2 or more")
    if groups is None:
        parts = at_random(n, share, None if labels is None else [_plain(each) for each in labels], state=seed)
        return torch.from_numpy(parts.train), torch.from_numpy(parts.val)
    whole = min(max(1, round(share * number)), number - 1)
    train, val = drawn_whole([_plain(each) for each in groups], whole, state=seed)
    return torch.from_numpy(train), torch.from_numpy(val)


def _plain(value: Any) -> Hashable:
    """Returns the number of a tensor, which Python would compare by its identity; any other value as it is."""
    return value.item() if isinstance(value, Tensor) else value


def scaled(train: Any, val: Any, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Returns both parts by mean and standard deviation of the training part; a number that never varies keeps sd 1.

    train, val: numbers whose last dimension is the feature: inputs (N, T, E) or (N, D), answers (N, K).
    mask: bool (N, T), the steps of `train` that count; None: all.

    Returns float32 tensors of the same shapes.
    """
    train, val = (torch.as_tensor(np.asarray(part), dtype=torch.float64) for part in (train, val))
    counted = train.flatten(0, -2) if mask is None else train[mask]
    units = Units.of(counted.numpy(), [""] * train.shape[-1])
    return units.standardised(train).float(), units.standardised(val).float()


def vocabulary(sentences: Sequence[Sequence[str]], min_count: int = 1) -> list[str]:
    """Returns <pad>, <unk>, then the words, most frequent first: `Data.reads` of a task that reads words.

    sentences: lists of words, of the training part alone; `words_of` makes one of a text, `list` letters.
    min_count: how often a word must occur; rarer ones become <unk>.
    """
    return build_vocabulary(sentences, min_count)


def windows(values: Any, window: int, horizon: int = 1, *, since: int = 0) -> tuple[Tensor, Tensor]:
    """Returns all windows of a series, and the row that each one forecasts.

    values: rows in order of time, (n,) or (n, E).
    window: T, rows that are read.
    horizon: rows from the last one that is read to the one that is forecast.
    since: the first row that may be forecast. `windows(values[:cut], T)` and `windows(values, T, since=cut)` are a
    training and a validation part without a leak.

    Returns (x, y): x float32 (N, T, E), y float32 (N, E).
    Raises UserError if there is no window.
    """
    series = torch.as_tensor(np.asarray(values), dtype=torch.float32)
    series = series.reshape(len(series), -1)
    if window < 1 or horizon < 1:
        raise UserError(f"windows: window is {window} and horizon {horizon}; allowed: 1 or more")
    known = np.ones(len(series), dtype=bool)
    first = rows_of.windows(known, np.arange(len(series)) >= since, window=window, horizon=horizon)
    if not len(first):
        reach = f"window + horizon at most {len(series)}, and a row from {since} on to forecast"
        raise UserError(f"windows: no window of {window} rows in {len(series)} rows with horizon {horizon}; {reach}")
    return rows_of.cut(series, first, window), series[torch.from_numpy(first + window - 1 + horizon)]
