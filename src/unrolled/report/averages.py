"""Means and counts: the reports give every mean with the number of values that it is taken over."""

import math
from collections.abc import Iterable, Sequence

import numpy as np

from unrolled.digits import counted


def mean(values: Sequence[float]) -> float:
    """Returns the mean; nan if there are no values."""
    return float(np.mean(values)) if values else math.nan


def sd(values: Sequence[float]) -> float:
    """Returns the standard deviation of a sample; nan if there are fewer than two values."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def count(n: int, of: int, plural: str) -> str:
    """Returns "3 runs", "1 run", or "3 of 4 runs" if some have no value.

    plural: the noun that is counted, in the plural.
    """
    return f"{n} of {of} {plural}" if n != of else counted(n, plural)


def numbers(values: Iterable[float | None]) -> list[float]:
    """Returns the values that are not None."""
    return [value for value in values if value is not None]
