"""Missing values of a series: they are refused, dropped, interpolated, or replaced by the value before."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from unrolled.errors import UserError

from .reading import KEY


def refuse_missing(values: np.ndarray, names: Sequence[str], file: str, rows: Sequence[int]) -> None:
    """Raises UserError for the first column with a missing value.

    values: (N, K), nan where missing.
    names: of the K columns.
    rows: the row of each of the N.
    """
    for k, name in enumerate(names):
        gone = np.flatnonzero(np.isnan(values[:, k]))
        if len(gone):
            n, first = len(gone), rows[int(gone[0])]
            verb = "is" if n == 1 else "are"
            line = f"{n:,} of {len(values):,} values of {name} {verb} missing (first in row {first})"
            raise UserError(f"{Path(file).name}: {line}; task.missing=interpolate, drop or last", KEY)


def filled(values: np.ndarray, how: str) -> np.ndarray:
    """Returns the values of one series, in order of time, without gaps; the rows that stay empty have nan.

    values: (n, K), nan where missing.
    how: `interpolate`: on a line between neighbours, and as the nearest at the ends; `last`: the value before;
    `drop`: nothing is filled.
    """
    if how == "drop":
        return values
    found = values.copy()
    places = np.arange(len(values))
    for k in range(values.shape[1]):
        there = np.flatnonzero(~np.isnan(values[:, k]))
        if not len(there):
            continue
        if how == "interpolate":
            found[:, k] = np.interp(places, there, values[there, k])
        else:
            before = np.searchsorted(there, places, side="right") - 1
            found[:, k] = np.where(before < 0, np.nan, values[there[np.maximum(before, 0)], k])
    return found
