"""`unrolled show`: a run or a sweep in a few lines of text, for a terminal without a browser."""

import math
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from unrolled.config.files import SWEEP_RECORD
from unrolled.digits import number, score
from unrolled.errors import UserError
from unrolled.record import earlier, status
from unrolled.record.parts import SEVERAL, suffixes
from unrolled.record.quantities import LN_10
from unrolled.record.results import Swept, SweptRun, read_sweep
from unrolled.record.run_record import RunRecord
from unrolled.record.successor import unfinished_resume
from unrolled.record.tables import PROFILES
from unrolled.record.words import gradient_lines

from .gather import curves
from .table import horizon_entry
from .terminal import for_a_table, print_lines

BLOCKS = "▁▂▃▄▅▆▇█"
PLAIN = "_.:-=+*#"  # for terminals without block characters
WIDTH = 40
IN_A_ROW = 12  # characters of a profile in a sweep's table
HOW_TO_READ = (
    "profile   the size of dL/dh_t: time runs left to right, the read-out is on the right, and the lag counts back "
    "from it. Each has its own scale, from the lowest to the highest of the decades beside it (0: as at the read-out)"
)
ALIKE = 1e-9


def show(folder: Path) -> None:
    """Prints the run or sweep in `folder`. Raises UserError if it holds neither."""
    console = for_a_table()
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
    print_lines(console, [*lines, *(gradient_lines(record) if record.has_result else [])])


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
    notes = [f"note      {line}" for line in swept.damage]
    print_lines(console, [f"{swept.name}: {swept.question}", *notes, *_baselines(swept), HOW_TO_READ])
    console.print(_table(swept))


def _baselines(swept: Swept) -> list[str]:
    """Returns a line with the trivial baseline of each deciding score that the runs have."""
    found: dict[str, list[str]] = {}
    for each in (run.record for run in swept.runs):
        if each.score is not None:
            text = f"{each.baseline_name} {score(each.baseline.get(each.score))}"
            found.setdefault(each.score, []).append(text)
    return [f"baseline  {name}: {'; '.join(dict.fromkeys(texts))}" for name, texts in found.items()]


def _table(swept: Swept) -> Table:
    """Returns a row for each run: its profile from the first time step to the read-out, on a scale of its own."""
    names = {run.record.score for run in swept.runs if run.record.score is not None}
    table = Table("run", box=None, pad_edge=False)
    for head in ("profile", "decades", "slope", "regime", "horizon", "score"):
        table.add_column(head, no_wrap=head != "score")
    for run in swept.runs:
        record, now = run.record, run.record.end
        curve = profile(run.folder)[::-1]  # as time runs
        low, high = (min(curve), max(curve)) if curve else (0.0, 0.0)
        prefix = f"{record.score} " if len(names) > 1 and record.score is not None else ""
        table.add_row(
            run.name.replace("[", "\\["),
            sparkline(curve, low, high, IN_A_ROW),
            f"{_decades(low)} to {_decades(high)}" if curve else "-",
            number(now.slope, "+z.2f"),
            _state(run),
            horizon_entry(now).text,
            f"{prefix}{score(record.metrics.get(record.score or ''))}".replace("[", "\\["),
        )
    return table


def _decades(ln: float) -> str:
    return number(ln / LN_10, "z.1f")


def _state(run: SweptRun) -> str:
    """Returns the regime of a run that is complete; how it ended of another."""
    regime = run.record.end.regime
    return regime if run.state == "completed" and regime is not None else run.state


def _score(record: RunRecord, name: str) -> str:
    """Returns the deciding score beside that of the trivial baseline."""
    value, baseline = (score(table.get(name)) for table in (record.metrics, record.baseline))
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


def sparkline(values: Sequence[float], low: float, high: float, width: int = WIDTH) -> str:
    """Returns the values as at most `width` block characters, the lowest at `low` and the highest at `high`.

    Every block is the middle one if `low` and `high` are equal.
    """
    count = min(width, len(values))
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
