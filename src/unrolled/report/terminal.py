"""Text in the terminal: lines that break at words, the command to try next, and a sweep's table."""

import os
import shlex
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from unrolled.record.results import Swept

from .table import INITIAL_SLOPE, NUMBERS, header, references, rows

WIDE = 100  # columns that a sweep's table may fill in a pipe
LABEL = 10  # characters of a line's label, below which its other lines begin
MOST = 20  # rows of a sweep's table: with its head they fill a terminal of 24 lines
GAP, EDGES = 3, 2  # characters that rich puts between columns, and around a table
SPARED = [head for each in NUMBERS for head in each.heads if head != "slope now"]  # left out if the terminal is narrow


def print_lines(console: Console, lines: Iterable[str]) -> None:
    """Prints labelled lines; in a terminal they break at words, and go on below the text, not below the label."""
    for line in lines:
        whole = not console.is_terminal or len(line) <= console.width
        broken = [line] if whole else textwrap.wrap(
            line, console.width, subsequent_indent=" " * LABEL, break_long_words=False, break_on_hyphens=False
        )  # fmt: skip
        for each in broken:
            console.print(each, markup=False, soft_wrap=True)


def command(*words: str | Path) -> str:
    """Returns a command of `unrolled` that can be typed where this program was started, in an active venv or not."""
    beside = Path(sys.executable).with_name("unrolled")
    known = shutil.which("unrolled")
    if known is not None or not beside.is_file():
        program = "unrolled"
    else:
        program = str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)
    return shlex.join([program, *map(str, words)])


def for_a_table() -> Console:
    """Returns a console for the table of a sweep: a pipe is as wide as COLUMNS says, else WIDE."""
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDE
    return console


def print_table(swept: Swept) -> None:
    """Prints the table of a sweep's runs with as many rows as a screen has and the columns that fit; the page has all.

    The references are left out first, then quantities that only the page needs, then the slope at initialisation.
    """
    console = for_a_table()
    heads = header(swept)
    columns = list(zip(heads, *([entry.text for entry in row] for row in rows(swept)), strict=True))
    for name in (*references(swept), *SPARED, INITIAL_SLOPE):
        if _width(columns) > console.width:
            columns = [column for column in columns if column[0] != name]
    table = Table(title=f"{swept.name}: {len(swept.runs)} runs", box=box.SIMPLE)
    for i, (head, *_) in enumerate(columns):
        table.add_column(head, no_wrap=i == 0)
    lines = list(zip(*columns, strict=True))[1:]
    for row in lines[:MOST]:
        table.add_row(*(text.replace("[", "\\[") for text in row))
    console.print(table)
    if len(lines) > MOST:
        print(f"and {len(lines) - MOST} more: {command('show', swept.folder)}")


def _width(columns: Sequence[Sequence[str]]) -> int:
    """Returns the width of a table with these columns, in characters."""
    return EDGES + sum(GAP + max(map(len, column)) for column in columns)
