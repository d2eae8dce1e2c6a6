"""The CSV files of a run and of a sweep. No torch here: pages, terminal and launcher read them without it."""

import csv
import math
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any

METRICS = "metrics.csv"
PROFILES = "profiles"
WORDS = "words.csv"


class Table:
    """A CSV file with fixed columns that is complete after every row. None becomes empty.

    keep: add to the rows that are there, under the header that they have: that of an earlier version lacks columns.
    """

    def __init__(self, path: Path, columns: list[str], keep: bool = False) -> None:
        self.path, self.columns = path, columns
        self._later: set[str] = set()
        if keep and path.exists():
            self.columns = read_table(path)[0] or columns
            self._later = {*columns} - {*self.columns}
            return
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow(columns)

    def write(self, values: dict[str, Any]) -> None:
        """Raises ValueError for a column that is none of this table's."""
        known = {key: cell(value) for key, value in values.items() if key not in self._later}
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self.columns, restval="", lineterminator="\n")
            writer.writerow(known)


def cell(value: Any) -> Any:
    """Returns the shortest text that reads back as the same float; whole numbers without a point; "" for None."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value


def read_table(path: Path) -> tuple[list[str], list[list[float]]]:
    """Returns header and rows; an empty field is nan. A line that a full disk has cut short is skipped.

    Raises FileNotFoundError.
    """
    text = path.read_text(encoding="utf-8")
    lines = list(csv.reader(StringIO(text[: text.rfind("\n") + 1], newline="")))
    return lines[0] if lines else [], [[_number(word) for word in line] for line in lines[1:]]


def read_rows(path: Path) -> list[list[float]]:
    """Returns the rows; none if there is no such file."""
    return read_table(path)[1] if path.is_file() else []


def _number(text: str) -> float:
    return float(text) if text else math.nan


def lag_columns(steps: int) -> Iterable[int]:
    """The lags that are logged as scalars: 0, 1, 2, 5, 10, 20, 50, ... below T."""
    yield 0
    scale = 1
    while scale < steps:
        yield from (lag for lag in (scale, 2 * scale, 5 * scale) if lag < steps)
        scale *= 10
