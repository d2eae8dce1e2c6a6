"""Progress of a sweep: a bar and the active runs in a terminal, plain lines in a pipe."""

import csv
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from unrolled.config.identity import name_of
from unrolled.processes.logs import log
from unrolled.record import status
from unrolled.record.plan import read_plan
from unrolled.record.tables import METRICS

from .ended import record_of

EVERY_S = 0.5
MOST_SHOWN = 12  # active runs in a terminal
TAIL_BYTES = 16384
SLOPE = "grad_h/slope"


class SweepProgress:
    """A context manager that shows the progress of a sweep; `update` reads the folders at most every EVERY_S.

    folders: those of the sweep's runs.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        plan = read_plan(folders[0].parent) if folders else []
        self.names = {str(run.number): name_of(run.axes) for run in plan}
        self.open, self.total = set(folders), len(folders)
        self.before = {folder: record_of(folder) for folder in folders}
        self.ended: dict[Path, str] = {}
        self.running: list[Path] = []
        self.console = Console()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self.bar = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn())
        self.task = self.bar.add_task("runs", total=self.total)
        self.screen = Live(console=self.console, get_renderable=self._picture, refresh_per_second=2)
        self._last, self._began = 0.0, time.monotonic()

    def __enter__(self) -> "SweepProgress":
        if self.console.is_terminal:
            self.screen.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._look()
        if self.console.is_terminal:
            self.screen.stop()

    def update(self) -> None:
        if time.monotonic() - self._last >= EVERY_S:
            self._look()

    def _look(self) -> None:
        self._last = time.monotonic()
        states = {folder: self._state(folder) for folder in sorted(self.open, key=_number)}
        self.running = [folder for folder, state in states.items() if state == "running"]
        ended = {folder: state for folder, state in states.items() if state not in (None, "running")}
        new = {folder: state for folder, state in ended.items() if state != self.ended.get(folder)}
        for folder in self.running:  # a job that is queued again runs it once more
            self.ended.pop(folder, None)
        self.open -= {folder for folder, state in ended.items() if state in status.RESULTS}
        self.ended |= new
        if not new:
            return
        counts = {state: list(self.ended.values()).count(state) for state in status.STATES if state != "running"}
        counts["running"] = len(self.running)
        words = ", ".join(f"{n} {state}" for state, n in counts.items() if n)
        self.bar.update(self.task, completed=len(self.ended), description=f"runs: {words}")
        if not self.console.is_terminal:
            log.info(f"{len(self.ended)}/{self.total} runs ended: {words}{self._left()}{_slopes(self, new)}")

    def _state(self, folder: Path) -> str | None:
        """Returns the state of a run; None while its record is that of an end before this sweep was resumed."""
        record = record_of(folder)
        waits = record.state not in ("running", *status.RESULTS) and record == self.before[folder]
        return None if waits else record.state

    def _left(self) -> str:
        """Returns the remaining time, extrapolated from the runs that have ended."""
        open_ = self.total - len(self.ended)
        seconds = (time.monotonic() - self._began) / len(self.ended) * open_
        return f"; about {seconds / 60:z.1f} min left" if open_ else ""

    def _picture(self) -> Group:
        table = Table("running", "update", "slope so far", box=None, pad_edge=False)
        for folder in self.running[:MOST_SHOWN]:
            step, slope = latest(folder)
            table.add_row(self.names.get(folder.name, folder.name), step, slope)
        if len(self.running) > MOST_SHOWN:
            table.add_row(f"and {len(self.running) - MOST_SHOWN} more", "", "")
        return Group(self.bar, table) if self.running else Group(self.bar)


def _number(folder: Path) -> int:
    return int(folder.name)


def _slopes(progress: SweepProgress, new: dict[Path, str]) -> str:
    """Returns names and slopes of the runs that have just ended."""
    named = []
    for folder in new:
        slope = record_of(folder).end.slope
        name = progress.names.get(folder.name, folder.name)
        named.append(name if slope is None else f"{name} slope {slope:+z.3f}")
    return f"; {', '.join(named)}"


def latest(folder: Path) -> tuple[str, str]:
    """Returns (step, slope) from the last rows of a run's metrics.csv; each is empty until it has been written."""
    try:
        with (folder / METRICS).open(newline="", encoding="utf-8") as file:
            header = next(csv.reader([file.readline()]))
            file.seek(max(file.tell(), (folder / METRICS).stat().st_size - TAIL_BYTES))
            rows = [row for row in csv.reader(file) if len(row) == len(header)]
    except (OSError, StopIteration):
        return "", ""
    slopes = [row[header.index(SLOPE)] for row in rows if row[header.index(SLOPE)]]
    return rows[-1][0] if rows else "", f"{float(slopes[-1]):+z.3f}" if slopes else ""
