"""Readers of a record's values: a value that is null or of another type than expected counts as missing.

A record can be of an earlier version, of a run that ended early, or cut short by a full disk.
"""

import math
from typing import Any

Numbers = dict[str, float | None]


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def number(value: Any) -> float | None:
    return value if is_number(value) else None


def whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def numbers(value: Any) -> Numbers:
    """Returns the table with all of its keys, None where a number is missing."""
    return {key: number(each) for key, each in table(value).items()}


def scores(value: Any) -> dict[str, Numbers]:
    """Returns a table of tables of numbers; entries that are no tables are skipped."""
    return {name: numbers(each) for name, each in table(value).items() if isinstance(each, dict)}
