"""How far a sweep is: a bar in a terminal, plain lines in a pipe."""

import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from unrolled.tracking import status

from . import records

EVERY_S = 0.5


class Live:
    """A context manager; `update` may be called as often as one likes."""

    def __init__(self, folders: list[Path]) -> None:
        self.open, self.total, self.ended = set(folders), len(folders), {}
        self.console = Console()
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self.bar = Progress(*columns, console=self.console, disable=not self.console.is_terminal)
        self.task = self.bar.add_task("cells", total=self.total)
        self._last, self._began = 0.0, time.monotonic()

    def __enter__(self) -> "Live":
        self.bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._look()
        self.bar.stop()

    def update(self) -> None:
        if time.monotonic() - self._last >= EVERY_S:
            self._look()

    def _look(self) -> None:
        self._last = time.monotonic()
        before = len(self.ended)
        for folder in sorted(self.open):
            state = records.read(folder).get("state")
            if state not in (None, "running"):
                self.open.discard(folder)
                self.ended[folder] = state
        if len(self.ended) == before:
            return
        counts = {state: list(self.ended.values()).count(state) for state in status.STATES}
        words = ", ".join(f"{n} {state}" for state, n in counts.items() if n)
        self.bar.update(self.task, completed=len(self.ended), description=f"cells: {words}")
        if not self.console.is_terminal:
            print(f"{len(self.ended)}/{self.total} cells ended: {words}{self._left()}", flush=True)

    def _left(self) -> str:
        """How long the others will take if they are like those that have ended."""
        open_ = self.total - len(self.ended)
        seconds = (time.monotonic() - self._began) / len(self.ended) * open_
        return f"; about {seconds / 60:.1f} min left" if open_ else ""
