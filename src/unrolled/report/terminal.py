"""A sweep's table in the terminal."""

from rich import box
from rich.console import Console
from rich.table import Table

from unrolled.sweeps.results import Swept

from .table import header, rows


def print_table(swept: Swept) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 240  # a pipe has no width: do not cut the columns
    table = Table(*header(swept), title=f"{swept.name}: {len(swept.cells)} cells", box=box.SIMPLE)
    for row in rows(swept):
        table.add_row(*(entry.text.replace("[", "\\[") for entry in row))
    console.print(table)
