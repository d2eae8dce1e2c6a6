"""Setting a part of the examples aside to validate: at random, but the same part for every seed."""

from collections.abc import Sequence
from typing import TypeVar

from sklearn.model_selection import train_test_split

T = TypeVar("T")


def held_out(examples: Sequence[T], share: float, alike: Sequence[int] | None = None) -> tuple[list[T], list[T]]:
    """(train, val). alike: a class for each example, as frequent in both parts."""
    train, val = train_test_split(list(examples), test_size=share, random_state=0, stratify=alike)
    return list(train), list(val)
