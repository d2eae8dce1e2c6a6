"""Sentences about numbers: every mean has its interval and n, every range its values. Data in, sentence out."""

import math
from collections.abc import Sequence
from typing import Any

from unrolled.config.identity import SEED, shown
from unrolled.digits import counted

from ..intervals import Difference, Estimate, Share

NO_SPREAD = 1e-9  # a half-width that is rounding alone
UNBOUNDED = (-math.inf, math.inf)
MOST_VALUES = 8  # of an axis that a sentence lists


def digits(half: float) -> int:
    """Returns the decimals of a number whose interval has this half-width: two digits of the half-width."""
    if not math.isfinite(half) or half < NO_SPREAD:
        return 3
    return min(8, max(0, 1 - math.floor(math.log10(half))))


def plain(value: float, half: float = 0.0) -> str:
    """Returns a number with the digits that its interval allows; three significant ones without an interval."""
    if not math.isfinite(value):
        return "not finite"
    if half >= NO_SPREAD and math.isfinite(half):
        return f"{value:z.{digits(half)}f}" if abs(value) < 1e5 else f"{value:.3g}"
    return f"{value:.3g}"


def runs(n: int) -> str:
    return counted(n, "runs")


def listed(words: Sequence[str]) -> str:
    """Returns "a", "a and b" or "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def tried(key: str, values: Sequence[Any]) -> str:
    """Returns the values of an axis that a statement rests on, such as "at gain 0.5, 1.0 and 1.5".

    Of more than MOST_VALUES the first and the last are named, with their number.
    """
    name = key.rpartition(".")[2]
    words = [shown(value) for value in values]
    if len(words) > MOST_VALUES:
        return f"at the {len(words)} values of {name} from {words[0]} to {words[-1]}"
    return f"at {name} {listed(words)}"


def label(key: str, value: Any) -> str:
    """Returns a value with the name of its axis, such as "gain 0.5"; a choice of a group alone, such as "tanh"."""
    return f"{key.rpartition('.')[2]} {shown(value)}" if "." in key or key == SEED else shown(value)


def estimate(found: Estimate, limits: tuple[float, float] = UNBOUNDED) -> str:
    """Returns a mean with its 95 % interval over runs; of fewer than three runs, each value.

    limits: the smallest and the largest value that there can be; an interval ends there, and one that leaves no value
        out is replaced by each run's value.
    """
    if not found.n:
        return "no value"
    if found.half is None or (found.mean - found.half <= limits[0] and found.mean + found.half >= limits[1]):
        return f"{listed([plain(value) for value in found.values])} ({runs(found.n)})"
    ends = (max(found.mean - found.half, limits[0]), min(found.mean + found.half, limits[1]))
    low, high = (plain(end, found.half) for end in ends)
    return f"{plain(found.mean, found.half)} ({low} to {high}, {runs(found.n)})"


def share(found: Share, noun: str = "") -> str:
    """Returns a share as "18 of 20 runs, 0.70 to 0.97": with Wilson's 95 % interval. noun: what is counted."""
    low, high = found.interval
    return f"{found.count} of {found.n}{noun and f' {noun}'}, {low:z.2f} to {high:z.2f}"


def difference(found: Difference, first: str, second: str, what: str, larger_is_better: bool | None = None) -> str:
    """Returns whether `first` is above or below `second`, by the interval of the mean difference of matched runs.

    what: the quantity, such as "val/accuracy".
    larger_is_better: then it is better or worse; None if neither is.
    """
    if not found.n:
        return f"No two runs can be compared between {first} and {second}"
    if found.half is None:
        by = ", ".join(f"{value:+.3g}" for value in found.values)
        return f"{first} minus {second}: {by} {what} ({_pairs(found.n)}, too few for an interval)"
    low, high = (f"{found.mean + sign * found.half:+z.{digits(found.half)}f}" for sign in (-1, 1))
    by = f"{found.mean:+z.{digits(found.half)}f} {what} (95 % interval {low} to {high}, {_pairs(found.n)})"
    if found.certain:
        larger = found.mean > 0
        word = (
            ("above" if larger else "below")
            if larger_is_better is None
            else ("better than" if larger == larger_is_better else "worse than")
        )
        return f"{first} is {word} {second}: {by}"
    return f"No difference between {first} and {second} is certain: {by}"


def _pairs(n: int) -> str:
    return f"{counted(n, 'pairs')} of runs"
