"""The CSV files of a run and of a sweep. No torch here: pages, terminal and launcher do not import it."""

import csv
import math
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any

METRICS = "metrics.csv"
PROFILES = "profiles"
WORDS = "words.csv"
FIRST_PASS = f"{PROFILES}/first_pass.json"  # of one example, with probe.walkthrough=true
PREDICTIONS = "predictions.csv"  # for the validation part of a user's own file
ANSWERS = f"{PROFILES}/answers.csv"  # for that example, after each update


class Table:
    """A CSV file with fixed columns that is complete after every row. None becomes an empty field.

    keep: append to existing rows under their header, which lacks later columns if an earlier version wrote it.
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
        """Appends a row; missing columns stay empty. Raises ValueError for an unknown column."""
        known = {key: cell(value) for key, value in values.items() if key not in self._later}
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self.columns, restval="", lineterminator="\n")
            writer.writerow(known)


def cell(value: Any) -> Any:
    """Returns the value to write in a field: "" for None, an int for a whole float below 1e15, else the same value."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value


def read_table(path: Path) -> tuple[list[str], list[list[float]]]:
    """Returns header and rows; an empty field is nan. An incomplete last line, as after a full disk, is skipped.

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
    """Yields the lags that are logged as scalars: 0, 1, 2, 5, 10, 20, 50, ... below the number of time steps."""
    yield 0
    scale = 1
    while scale < steps:
        yield from (lag for lag in (scale, 2 * scale, 5 * scale) if lag < steps)
        scale *= 10
