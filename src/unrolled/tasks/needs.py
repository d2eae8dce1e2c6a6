"""How far back the data of a task need a gradient to reach, where the task itself does not know it."""

from dataclasses import replace

import numpy as np

from .data import Data, Need


def with_length(data: Data) -> Data:
    """Returns the data with the first step of a sequence of median length as their need.

    Data with a need or a dependency of their own stay as they are, and so do data with an answer at each step.
    """
    if data.needs or data.dependency is not None or data.pattern != "sequence_to_vector" or data.val.mask is None:
        return data
    median = float(np.median(data.val.mask.sum(1).numpy()))
    return replace(data, needs=(Need("first step", median - 1, f"the first of {median:g} steps (median length)"),))
