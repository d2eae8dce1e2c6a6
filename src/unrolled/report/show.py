"""`unrolled show`: a run or a sweep in a few lines of text, for a terminal without a browser."""

import math
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from unrolled.config.files import SWEEP_RECORD
from unrolled.errors import UserError
from unrolled.record import earlier, status
from unrolled.record.parts import SEVERAL, suffixes
from unrolled.record.quantities import LN_10
from unrolled.record.results import read_sweep
from unrolled.record.run_record import RunRecord
from unrolled.record.successor import unfinished_resume
from unrolled.record.tables import PROFILES
from unrolled.record.words import gradient_lines, horizon_words, number

from .gather import curves

BLOCKS = "▁▂▃▄▅▆▇█"
PLAIN = "_.:-=+*#"  # for terminals without block characters
WIDTH = 40
DEEPEST, HIGHEST = -12 * LN_10, 4 * LN_10  # limits of the profiles of a sweep, which share one scale
ALIKE = 1e-9


def show(folder: Path) -> None:
    """Prints the run or sweep in `folder`. Raises UserError if it holds neither."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 240  # a pipe has no width: do not cut the lines
    if (folder / SWEEP_RECORD).is_file():
        _sweep(console, folder)
    elif not (record := RunRecord.read(folder)).foreign:
        _run(console, folder, record)
    elif status.unreadable(folder):
        raise UserError(f"{folder / status.FILE} cannot be read: it is empty or cut short")
    else:
        raise UserError(f"{folder} holds neither a run nor a sweep")


def _run(console: Console, folder: Path, record: RunRecord) -> None:
    why = f", {record.error}" if record.error else ""
    lines = [f"{record.name or folder.name}: {record.state or 'unknown'}{why}"]
    if resume := unfinished_resume(record):
        lines.append(f"note      {resume}")
    lines += [f"note      {line}" for line in earlier.of_run(record)]
    if record.score is not None:
        lines.append(f"score     {_score(record, record.score)}")
    for name, suffix in suffixes(SEVERAL).items():
        curve = profile(folder, suffix)
        if curve:
            lines += _chain(curve, steps(folder, suffix), name if suffix else "chain", record.every_state)
    for line in [*lines, *(gradient_lines(record) if record.has_result else [])]:
        console.print(line, markup=False, soft_wrap=True)


def _chain(curve: Sequence[float], steps: int, head: str, every_state: bool | None) -> list[str]:
    """Returns the chain in blocks, the oldest time step left and the read-out right, and a line that explains it.

    curve: ln of the norm by lag.
    steps: number of time steps of the RNN.
    """
    first, last = (f"10^{curve[i] / LN_10:z.1f}" for i in (-1, 0))
    blocks = sparkline(curve[::-1], min(curve), max(curve))
    if every_state:
        about = f"{len(curve) - 1} to 0 steps before each step's own loss: {first} to {last}"
    else:
        about = f"time step {steps - len(curve) + 1} to {steps}, the loss reads the last: {first} to {last}"
    return [f"{head:<9} {blocks}", f"{'':<9} {about}"]


def _sweep(console: Console, folder: Path) -> None:
    swept = read_sweep(folder)
    console.print(f"{swept.name}: {swept.question}", markup=False, soft_wrap=True)
    for line in swept.damage:
        console.print(f"note: {line}", markup=False, soft_wrap=True)
    curves = {run.folder: profile(run.folder) for run in swept.runs}
    every = [value for curve in curves.values() for value in curve]
    low, high = (max(DEEPEST, min(every)), min(HIGHEST, max(every))) if every else (0.0, 0.0)
    scale = f"profile, 10^{round(low / LN_10)} to 10^{round(high / LN_10)}"
    table = Table("run", "state", scale, "slope", "regime", "horizon", "score", box=None, pad_edge=False)
    for run in swept.runs:
        record, now = run.record, run.record.end
        known = now.regime is not None
        table.add_row(
            run.name.replace("[", "\\["),
            run.state,
            sparkline(curves[run.folder], low, high),
            number(now.slope, "+z.3f"),
            now.regime or "-",
            horizon_words(now).partition(":")[0].partition(",")[0] if known else "-",
            _score(record, record.score).replace("[", "\\[") if record.score is not None else "-",
        )
    console.print(table)


def _score(record: RunRecord, name: str) -> str:
    """Returns the deciding score beside that of the trivial baseline."""
    value, baseline = (number(table.get(name), "z.4g") for table in (record.metrics, record.baseline))
    return f"{name} {value} ({record.baseline_name}: {baseline})"


def profile(folder: Path, suffix: str = "") -> list[float]:
    """Returns ln of the norm of dL/dh relative to lag 0, by lag, at the last probe; empty if there was none.

    suffix: "_decoder" for the second RNN of an encoder-decoder.
    """
    found = curves(folder / PROFILES / f"grad_h_relative_log{suffix}.csv")
    return [value for value in found[-1] if math.isfinite(value)] if found else []


def steps(folder: Path, suffix: str = "") -> int:
    """Returns the number of time steps of an RNN, as its profile has them; 0 if there was no probe."""
    found = curves(folder / PROFILES / f"grad_h_relative_log{suffix}.csv")
    return len(found[-1]) if found else 0


def sparkline(values: Sequence[float], low: float, high: float) -> str:
    """Returns the values as at most 40 block characters, the lowest at `low` and the highest at `high`.

    Every block is the middle one if `low` and `high` are equal.
    """
    count = min(WIDTH, len(values))
    chosen = [values[round(i * (len(values) - 1) / max(1, count - 1))] for i in range(count)]
    blocks = BLOCKS if _can_print(BLOCKS) else PLAIN
    if high - low < ALIKE:
        return blocks[len(blocks) // 2] * count
    return "".join(blocks[round((min(max(v, low), high) - low) / (high - low) * (len(blocks) - 1))] for v in chosen)


def _can_print(characters: str) -> bool:
    try:
        characters.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
