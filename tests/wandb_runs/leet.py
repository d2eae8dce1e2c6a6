"""W&B's own viewer in a terminal of the tests."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


class Leet:
    """A context in which `wandb leet` runs in tmux. home: for its configuration, which keeps what it shows."""

    def __init__(self, folder: Path, home: Path) -> None:
        self._tmux = ["tmux", "-L", f"unrolled-{time.time_ns()}"]
        self._command = f"{Path(sys.executable).parent / 'wandb'} leet {folder}"
        colours = {"TERM": "xterm-256color", "COLORTERM": ""}
        self._environment = {**os.environ, **colours, "WANDB_CONFIG_DIR": str(home)}

    def __enter__(self) -> "Leet":
        self._call("new-session", "-d", "-s", "viewer", "-x", "200", "-y", "55", self._command)
        return self

    def __exit__(self, *_: object) -> None:
        self._call("kill-server")

    def press(self, key: str) -> None:
        self._call("send-keys", "-t", "viewer", key)

    def screen(self, *options: str) -> list[str]:
        """Its rows. options: of tmux's capture-pane; `-e` keeps the colours, as escape sequences."""
        return self._call("capture-pane", "-p", "-t", "viewer", *options).splitlines()

    def wait_for(self, seen: Callable[[], bool], seconds: float = 30) -> None:
        until = time.monotonic() + seconds
        while not seen():
            assert time.monotonic() < until, "not on the screen:\n" + "\n".join(self.screen())
            time.sleep(0.3)

    def shows(self, word: str) -> bool:
        return any(word in row for row in self.screen())

    def dots(self, metric: str) -> int:
        """How many characters of the metric's chart have dots of a curve."""
        rows = self.screen()
        top = next((i for i, row in enumerate(rows) if f"│{metric} " in row), len(rows))
        if top == len(rows):
            return 0
        left = rows[top].index(f"│{metric} ")
        right = rows[top].index("│", left + 1)
        bottom = next(i for i in range(top, len(rows)) if rows[i][left] == "╰")
        return sum("\u2801" <= c <= "\u28ff" for row in rows[top:bottom] for c in row[left:right])

    def colours(self) -> set[int]:
        """Of a picture's half blocks: those of the palette of 256 that are no shade of grey."""
        rows = [row for row in self.screen("-e") if "▄" in row]
        found = {int(n) for row in rows for n in re.findall(r"38;5;(\d+)m[^▄]*▄", row)}
        return {n for n in found if 16 <= n < 232 and (n - 16) % 43}

    def _call(self, *words: str) -> str:
        command = [*self._tmux, *words]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=True).stdout
