"""Prints a sweep's table in the terminal."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from unrolled.record.results import Swept

from .table import INITIAL_SLOPE, NUMBERS, header, references, rows

GAP, EDGES = 3, 2  # characters that rich puts between columns, and around a table
RENAMED = {"cell": "run", INITIAL_SLOPE: "initial slope (sd)"}  # the page has words of its own
SPARED = [head for each in NUMBERS for head in each.heads if head != "slope now"]  # left out if the terminal is narrow


def print_table(swept: Swept) -> None:
    """Prints the table of a sweep's runs with as many columns as fit; the page has all of them.

    The references are left out first, then quantities that only the page needs, then the slope at initialisation.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 240  # a pipe has no width: do not cut columns
    heads = [RENAMED.get(head, head) for head in header(swept)]
    columns = list(zip(heads, *([entry.text for entry in row] for row in rows(swept)), strict=True))
    for name in (*references(swept), *SPARED, RENAMED[INITIAL_SLOPE]):
        if console.is_terminal and _width(columns) > console.width:
            columns = [column for column in columns if column[0] != name]
    table = Table(*(column[0] for column in columns), title=f"{swept.name}: {len(swept.runs)} runs", box=box.SIMPLE)
    for row in list(zip(*columns, strict=True))[1:]:
        table.add_row(*(text.replace("[", "\\[") for text in row))
    console.print(table)


def _width(columns: Sequence[Sequence[str]]) -> int:
    """Returns the width of a table with these columns, in characters."""
    return EDGES + sum(GAP + max(map(len, column)) for column in columns)
