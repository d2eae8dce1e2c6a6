"""The table of the kills, at the end of a test run."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

KILL, GONE_S = "kill", "gone_s"
COLUMNS = ("modules load", "folder", "before step 1", "step", "saving", "validation", "status.json", "evaluation")
COLUMNS += ("W&B", "table, page")


def lines(reports: Iterable[pytest.TestReport]) -> list[str]:
    """Returns the table: rows are kind and signal, columns moments, entries survived/sent; [] without a kill."""
    sent, survived = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    slowest = 0.0
    for report in reports:
        properties: list[tuple[str, Any]] = report.user_properties
        for name, told in properties:
            if name == KILL:
                row, column = told
                sent[row, column] += 1
                survived[row, column] += report.passed
            elif name == GONE_S:
                slowest = max(slowest, told)
    if not sent:
        return []
    rows = sorted({row for row, _ in sent})
    width = max(len(row) for row in rows)
    text = ["".ljust(width) + "".join(column.rjust(15) for column in COLUMNS)]
    for row in rows:
        cells = [f"{survived[row, c]}/{sent[row, c]}" if (row, c) in sent else "" for c in COLUMNS]
        text.append(row.ljust(width) + "".join(cell.rjust(15) for cell in cells))
    total = f"{survived.total()} of {sent.total()} kills survived, resumed to the bits of the undisturbed run"
    return [*text, f"{total}; the last process was gone after {slowest:.1f} s at most"]
