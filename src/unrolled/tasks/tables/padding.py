"""Padding on the left: all sequences end at the last time step."""

from collections.abc import Callable

import numpy as np

from .cleaned import pieces


def to_the_left(
    values: np.ndarray,
    ends: np.ndarray,
    lengths: np.ndarray,
    T: int,
    change: Callable[[np.ndarray], np.ndarray] = lambda steps: steps,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns N sequences, (N, T, ...), with 0 before each, and which of their steps are real, bool (N, T).

    values: the steps of all sequences one after the other, (S, ...).
    ends: of each sequence, the place behind its last step in `values`, int64 (N,).
    lengths: of each sequence, int64 (N,); a longer one than T keeps its last T steps.
    change: what is done to the steps, (n, ...), such as a change of scale.
    """
    back = np.arange(T - 1, -1, -1)  # lags of the T steps
    real, places = back < lengths[:, None], ends[:, None] - 1 - back
    found = np.zeros((len(lengths), T, *values.shape[1:]), dtype=change(values[:0]).dtype)
    for some in pieces(len(found), T * int(np.prod(values.shape[1:]))):  # a copy of all would double the memory
        found[some][real[some]] = change(values[places[some][real[some]]])
    return found, real
