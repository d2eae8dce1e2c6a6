"""Random split into training and validation, independent of the seed."""

from collections.abc import Sequence
from typing import TypeVar

from sklearn.model_selection import train_test_split

T = TypeVar("T")


def held_out(examples: Sequence[T], share: float, alike: Sequence[int] | None = None) -> tuple[list[T], list[T]]:
    """Returns (train, val).

    share: of the examples that validate.
    alike: a class for each example, by which the split is stratified.
    """
    train, val = train_test_split(list(examples), test_size=share, random_state=0, stratify=alike)
    return list(train), list(val)
