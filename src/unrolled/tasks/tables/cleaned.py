"""Cleans the sequences of an archive: missing values, and answers that come later than what decides them."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from unrolled.config.schema import TaskConfig
from unrolled.errors import UserError

from .archive import Sequences
from .missing import filled
from .reading import KEY

PIECE = 1 << 22  # numbers that are worked on at a time


def complete(found: Sequences, config: TaskConfig) -> Sequences:
    """Returns the sequences without missing values. Raises UserError for the first, unless they are to be filled."""
    infinite = np.flatnonzero(_any(np.isinf, found.steps))
    if len(infinite):
        raise UserError(f"{found.name}: x is inf in {_place(found, int(infinite[0]))}; allowed: finite numbers", KEY)
    if found.y.dtype.kind == "f" and not np.isfinite(found.y).all():
        at = int(np.argwhere(~np.isfinite(found.y))[0][0])
        where = _place(found, at) if found.by_step else f"sequence {at}"
        raise UserError(f"{found.name}: y is not finite in {where}; allowed: finite numbers", KEY)
    gone = _any(np.isnan, found.steps)
    if not gone.any():
        return found
    at = int(np.flatnonzero(gone)[0])
    if config.missing == "refuse":
        line = f"{int(gone.sum()):,} of {len(gone):,} steps of x have missing values (first in {_place(found, at)})"
        raise UserError(f"{found.name}: {line}; task.missing=interpolate, drop or last", KEY)
    borders = [*found.starts.tolist(), len(found.steps)]
    if config.missing == "drop":
        whole = np.array([not gone[a:b].any() for a, b in pairwise(borders)])
        return _only(found, whole)
    steps = found.steps.copy()
    for a, b in pairwise(borders):
        if gone[a:b].any():
            steps[a:b] = filled(steps[a:b].astype(np.float64), str(config.missing))
    left = np.flatnonzero(np.isnan(steps).any(1))
    if len(left):
        line = f"{_place(found, int(left[0]))} has no value before it"
        raise UserError(f"{found.name}: {line}; task.missing=interpolate or drop", KEY)
    return replace(found, steps=steps)


def _any(test: np.ufunc, steps: np.ndarray) -> np.ndarray:
    """Returns whether a test holds for any number of a step, bool (S,)."""
    found = np.zeros(len(steps), dtype=bool)
    for some in pieces(*steps.shape):
        found[some] = test(steps[some]).any(1)
    return found


def pieces(n: int, size: int) -> Iterator[slice]:
    """Yields slices that make up n rows, each of at most about PIECE numbers. size: of a row."""
    rows = max(1, PIECE // max(1, size))
    return (slice(first, first + rows) for first in range(0, n, rows))


def _place(found: Sequences, step: int) -> str:
    i = int(np.searchsorted(found.starts, step, side="right")) - 1
    return f"sequence {i}, step {step - int(found.starts[i])}"


def _only(found: Sequences, kept: np.ndarray) -> Sequences:
    steps = np.repeat(kept, found.lengths)
    others = {key: values[kept] for key, values in found.others.items()}
    y = found.y[steps] if found.by_step else found.y[kept]
    numbers = found.numbers[kept]
    return replace(found, steps=found.steps[steps], lengths=found.lengths[kept], y=y, others=others, numbers=numbers)


def delayed(found: Sequences, delay: int) -> Sequences:
    """Returns the sequences with one answer each: that of the step `delay` steps before the last; shorter ones go."""
    if not found.by_step:
        raise UserError(
            f"task.delay={delay}: {found.name} has an answer a sequence; allowed: with one a step", "task.delay"
        )
    kept = found.lengths > delay
    if not kept.any():
        raise UserError(f"task.delay={delay}: the longest sequence has {found.lengths.max()} steps", "task.delay")
    long = _only(found, kept)
    last = np.cumsum(long.lengths) - 1
    return replace(long, y=long.y[last - delay], by_step=False)
