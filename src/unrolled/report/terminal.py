"""A sweep's table in the terminal."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from unrolled.record.results import Swept

from .table import BORN, NUMBERS, header, references, rows

GAP, EDGES = 3, 2  # characters that rich puts between columns, and around a table
SPARED = [head for each in NUMBERS for head in each.heads if head != "slope now"]  # the page has them


def print_table(swept: Swept) -> None:
    """As many columns as the terminal has room for: first the references are left to the page."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 240  # a pipe has no width: nothing is cut
    columns = list(zip(header(swept), *([entry.text for entry in row] for row in rows(swept)), strict=True))
    for name in (*references(swept), *SPARED, BORN):
        if console.is_terminal and _width(columns) > console.width:
            columns = [column for column in columns if column[0] != name]
    table = Table(*(column[0] for column in columns), title=f"{swept.name}: {len(swept.cells)} cells", box=box.SIMPLE)
    for row in list(zip(*columns, strict=True))[1:]:
        table.add_row(*(text.replace("[", "\\[") for text in row))
    console.print(table)


def _width(columns: Sequence[Sequence[str]]) -> int:
    """Of a table with these columns, in characters."""
    return EDGES + sum(GAP + max(map(len, column)) for column in columns)
