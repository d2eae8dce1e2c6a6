"""A mean as the page gives it: never without the number of values behind it, and of how many these are."""

import math
from collections.abc import Iterable, Sequence

import numpy as np


def mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else math.nan


def sd(values: Sequence[float]) -> float:
    """Returns the standard deviation of a sample; nan of fewer than two values."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def count(n: int, of: int, what: str) -> str:
    """Returns "3 runs", "1 run", or "3 of 4 runs" where some have no value. what: the plural."""
    return f"{n} of {of} {what}" if n != of else f"{n} {what if n != 1 else what.removesuffix('s')}"


def numbers(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]
