"""Windows of a series: the steps that are read, and the one that is forecast."""

import numpy as np
import torch
from torch import Tensor


def windows(readable: np.ndarray, wanted: np.ndarray, *, window: int, horizon: int) -> np.ndarray:
    """Returns the places of the first steps of all windows, int64 (N,).

    readable: bool (n,); no window reads another step.
    wanted: bool (n,); no window forecasts another step.
    window: steps that are read.
    horizon: steps from the last one that is read to the one that is forecast.
    """
    reach = window - 1 + horizon
    first = np.arange(max(0, len(readable) - reach))
    gaps = np.concatenate([[0], np.cumsum(~readable)])
    whole = gaps[first + window] == gaps[first]
    return first[whole & wanted[first + reach]]


def cut(values: Tensor, first: np.ndarray, window: int) -> Tensor:
    """Returns the windows that begin at these places, (N, window, E), from values (n, E).

    Windows that follow each other share their memory with the values.
    """
    views = values.unfold(0, window, 1).transpose(1, 2)  # (n - window + 1, window, E)
    if len(first) and np.array_equal(first, np.arange(first[0], first[0] + len(first))):
        return views[int(first[0]) : int(first[0]) + len(first)]
    return views[torch.from_numpy(first)]
