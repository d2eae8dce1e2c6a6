"""The unrolled chain as boxes: how thick and how dark the gradient is drawn at each time step.

Logarithms are to the base 10: -inf is a gradient that is exactly 0, nan is a time step that has none.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

MOST_BOXES = 60
THINNEST, THICKEST = 1.5, 28.0  # pixels
PALEST = 0.3  # opacity of the thinnest line
MOST_TICKS = 6  # of the legend
LEAST_SAMPLES = 10  # of a mean


@dataclass(frozen=True)
class Scale:
    """A logarithmic scale from norms to lines. low, high: powers of ten of the thinnest and of the thickest line."""

    low: int
    high: int

    @classmethod
    def of(cls, log10: np.ndarray) -> "Scale":
        """Returns the narrowest scale of whole decades that holds all finite values; one decade if there are none."""
        finite = log10[np.isfinite(log10)]
        low, high = (math.floor(finite.min()), math.ceil(finite.max())) if finite.size else (-1, 0)
        return cls(min(low, high - 1), high)

    def share(self, log10: float) -> float:
        """Returns the position on the scale, from 0 (thinnest) to 1 (thickest)."""
        return (log10 - self.low) / (self.high - self.low)

    def thickness(self, log10: float) -> float:
        """Returns the thickness of the line in pixels: each decade adds as much as another one."""
        return THINNEST + (THICKEST - THINNEST) * self.share(log10)

    def opacity(self, log10: float) -> float:
        """Returns the opacity of the line."""
        return PALEST + (1 - PALEST) * self.share(log10)

    @property
    def ticks(self) -> list[int]:
        """Returns the powers of ten that the legend shows, the largest first."""
        stride = math.ceil((self.high - self.low) / (MOST_TICKS - 1))
        return list(range(self.high, self.low - 1, -stride))


@dataclass(frozen=True)
class Group:
    """The time steps of one box: `first` to `last`, counted from 0 over all RNNs, and from 1 in `name`."""

    first: int
    last: int
    name: str


@dataclass(frozen=True)
class Box:
    """A box of the chain with the gradient below it.

    name: its time steps, counted from 1.
    label: what the network reads there; "" if that is not known.
    px, opacity: of the gradient's line; None if none is drawn.
    zero: whether the gradient is exactly 0.
    factor: the factor from this box to the one before; "" if there is none.
    about: all of it in a sentence.
    """

    name: str
    label: str
    px: float | None
    opacity: float | None
    zero: bool
    factor: str
    about: str


def groups(steps: Mapping[str, int], unused: int = 0) -> list[Group]:
    """Returns the boxes: one a time step if there are at most 60, else equally many time steps in each.

    steps: number of time steps of each RNN by its name, in order of time.
    unused: number of the first time steps that get no box, because no sequence reaches that far back.
    """
    size = math.ceil((sum(steps.values()) - unused) / MOST_BOXES)
    found, start = [], 0
    for part, count in steps.items():
        lead = f"{part} " if len(steps) > 1 else ""
        for first in range(start if start else unused, start + count, size):
            last = min(first + size, start + count) - 1
            ends = dict.fromkeys((first - start + 1, last - start + 1))
            found.append(Group(first, last, lead + "-".join(map(str, ends))))
        start += count
    return found


def grouped(log10: np.ndarray, boxes: Sequence[Group]) -> np.ndarray:
    """Returns the value of each box: the mean over its time steps that have a gradient. log10: (..., T)."""
    return np.stack([mean_log(log10[..., each.first : each.last + 1], -1) for each in boxes], -1)


def mean_log(log10: np.ndarray, axis: int) -> np.ndarray:
    """Returns the mean along an axis over finite values; without any, -inf if there is an exact 0, else nan."""
    finite = np.isfinite(log10)
    total, count = np.where(finite, log10, 0.0).sum(axis), finite.sum(axis)
    none = np.where(np.isneginf(log10).any(axis), -np.inf, np.nan)
    return np.where(count > 0, total / np.maximum(count, 1), none)


def mean_over_samples(log10: np.ndarray) -> np.ndarray:
    """Returns the mean over samples, whose steps are means too: samples of other lengths do not move the line.

    It starts at the time step that most samples have, and goes on by the mean step of the samples that have both ends.
    A time step with fewer than 10 samples, or than half of a smaller number, is left out.
    log10: (S, T). Returns (T,).
    """
    finite = np.isfinite(log10)
    count = finite.sum(0)
    moves = mean_log(np.diff(np.where(finite, log10, np.nan), axis=1), 0)
    found = mean_log(log10, 0)
    start = len(count) - 1 - int(count[::-1].argmax())
    for t in range(start, 0, -1):
        found[t - 1] = found[t] - moves[t - 1] if np.isfinite(found[t] - moves[t - 1]) else found[t - 1]
    for t in range(start, len(count) - 1):
        found[t + 1] = found[t] + moves[t] if np.isfinite(found[t] + moves[t]) else found[t + 1]
    few = (count > 0) & (count < min(LEAST_SAMPLES, len(log10) / 2))
    return np.where(few, np.nan, found)


def chain(log10: Sequence[float], names: Sequence[str], labels: Sequence[str], scale: Scale) -> list[Box]:
    """Returns the boxes in order of time.

    log10: of the norm at each box.
    names, labels: of each box.
    """
    return [
        _box(value, log10[i - 1] if i else math.nan, names[i], labels[i] if labels else "", scale)
        for i, value in enumerate(log10)
    ]


def _box(value: float, before: float, name: str, label: str, scale: Scale) -> Box:
    drawn, zero = math.isfinite(value), value == -math.inf
    norm = f"norm 10^{value:z.2f}" if drawn else ("exactly 0" if zero else "no gradient")
    factor = factor_text(before - value) if drawn and math.isfinite(before) else ""
    back = f"; the step back multiplies it by {factor}" if factor else ""
    return Box(
        name,
        label,
        scale.thickness(value) if drawn else None,
        scale.opacity(value) if drawn else None,
        zero,
        factor,
        f"time step {name}{f', {label}' if label else ''}: {norm}{back}",
    )


def factor_text(log10: float) -> str:
    """Returns a factor with the digits that a reader compares; a power of ten beyond 0.01 to 1000."""
    if not -2 <= log10 < 3:
        return f"10^{log10:z.1f}"
    value = 10**log10
    return f"{value:z.2f}" if value < 10 else f"{value:z.0f}"
