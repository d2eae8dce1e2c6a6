"""Summary that is printed at the end of a run: scores beside baselines, slopes, and where the results are."""

import os
from pathlib import Path

from rich.console import Console
from rich.table import Table

from unrolled.digits import counted, number, score
from unrolled.record.reach import reach_lines
from unrolled.record.run_record import RunRecord
from unrolled.record.words import gradient_lines

from .terminal import command, print_lines


def print_summary(record: RunRecord, folder: Path, name: str) -> None:
    """Prints the summary of a run that has ended."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 160  # a pipe has no width: do not break lines
    ending = f", {record.error}" if record.error else ""
    updates = counted(record.steps, "updates") if record.steps is not None else "- updates"
    took = f"{record.state} after {updates} in {number(record.duration_s, 'z.1f')} s{ending}"
    console.print()
    print_lines(console, [f"{name}: {took}"])
    console.print(_scores(record))
    lines = [*_remarks(record), *gradient_lines(record), *reach_lines(record), f"results   {folder}"]
    if record.wandb is not None:
        lines.append(f"in W&B    wandb leet {os.path.normpath(folder / record.wandb.folder)}")
    print_lines(console, [*lines, f"next      {command('report', folder, '--open')}"])


def _scores(record: RunRecord) -> Table:
    """Returns a table with a row for the run, the trivial baseline and each reference, and a column per score."""
    table = Table("score", *record.metrics, box=None, pad_edge=False)
    shown = {"this run": record.metrics, record.baseline_name: record.baseline, **record.references}
    for name, scores in shown.items():
        table.add_row(name, *(score(scores.get(metric)) for metric in record.metrics))
    return table


def _remarks(record: RunRecord) -> list[str]:
    """Returns whether the task was solved, the task's remark, and how many words the given vectors cover."""
    lines = []
    if record.solved is not None and record.steps:
        at = record.solved.at
        within = f"not reached within {counted(record.steps, 'updates')}"
        reached = f"reached after {counted(at, 'updates')}" if at else within
        lines.append(f"solved    {record.solved.score} of {record.solved.value:g} {reached}")
    return lines + [f"note      {text}" for text in (record.remark, record.coverage) if text]
