"""Equality of an axis's values: those that results.csv writes alike are equal, unlike 1 and True in Python."""

from collections.abc import Iterable, Mapping
from typing import Any

from .tables import cell as as_written


def identity(value: Any) -> str:
    """Returns a text that is equal for equal values, such as 1, 1.0 and "1", and differs for 1 and true."""
    return str(as_written(value))


def key_of(axes: Mapping[str, Any], keys: Iterable[str]) -> tuple[str, ...]:
    """Returns the identities of the values on these keys, in their order."""
    return tuple(identity(axes.get(key)) for key in keys)


def holds(axes: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Returns whether the axes have all of the wanted values."""
    return all(identity(axes.get(key)) == identity(value) for key, value in wanted.items())


def distinct(values: Iterable[Any]) -> list[Any]:
    """Returns the values without repetitions, in their order."""
    first: dict[str, Any] = {}
    for value in values:
        first.setdefault(identity(value), value)
    return list(first.values())
