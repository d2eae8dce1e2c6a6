"""Random splits of examples; with one state they are equal for all seeds of a run."""

from collections.abc import Hashable, Sequence
from typing import TypeVar

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, train_test_split

T = TypeVar("T")


def drawn(
    n: int, size: float, alike: Sequence[Hashable] | None = None, *, state: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the places of n examples that train, and of those that validate, int64, in random order.

    size: of the validation part, a share or a whole number.
    alike: a class for each example, by which the split is stratified.
    """
    parts = train_test_split(np.arange(n), test_size=size, random_state=state, stratify=alike)
    return np.asarray(parts[0]), np.asarray(parts[1])


def drawn_whole(groups: Sequence[Hashable], number: int, *, state: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Returns what `drawn` does, in ascending order; no group is in both parts.

    groups: the group of each example.
    number: of groups that validate.
    """
    splitter = GroupShuffleSplit(n_splits=1, test_size=number, random_state=state)
    train, val = next(splitter.split(np.zeros(len(groups)), groups=np.asarray(groups, dtype=object)))
    return np.sort(train), np.sort(val)


def held_out(examples: Sequence[T], share: float, alike: Sequence[int] | None = None) -> tuple[list[T], list[T]]:
    """Returns (train, val).

    share: of the examples that validate.
    alike: a class for each example, by which the split is stratified.
    """
    train, val = ([examples[i] for i in part] for part in drawn(len(examples), share, alike))
    return train, val
