"""Summary that is printed at the end of a run: scores beside baselines, slopes, and where the results are."""

import os
from pathlib import Path

from rich.console import Console
from rich.table import Table

from unrolled.record.run_record import RunRecord
from unrolled.record.words import gradient_lines, number


def print_summary(record: RunRecord, folder: Path, name: str) -> None:
    """Prints the summary of a run that has ended."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 160  # a pipe has no width: do not break lines
    ending = f", {record.error}" if record.error else ""
    took = f"{record.state} after {record.steps} steps in {number(record.duration_s, 'z.1f')} s{ending}"
    console.print(f"\n{name}: {took}", markup=False, soft_wrap=True)
    console.print(_scores(record))
    lines = [*_remarks(record), *gradient_lines(record), f"results   {folder}"]
    if record.wandb is not None:
        lines.append(f"in W&B    wandb leet {os.path.normpath(folder / record.wandb.folder)}")
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def _scores(record: RunRecord) -> Table:
    """Returns a table with a row for the run, the trivial baseline and each reference, and a column per score."""
    table = Table("score", *record.metrics, box=None, pad_edge=False)
    shown = {"this run": record.metrics, record.baseline_name: record.baseline, **record.references}
    for name, scores in shown.items():
        table.add_row(name, *(number(scores.get(metric), "z.4f") for metric in record.metrics))
    return table


def _remarks(record: RunRecord) -> list[str]:
    """Returns whether the task was solved, the task's remark, and how many words the given vectors cover."""
    lines = []
    if record.solved is not None and record.steps:
        at = record.solved.at
        reached = f"reached after {at} updates" if at else f"not reached within {record.steps} updates"
        lines.append(f"solved    {record.solved.score} of {record.solved.value:g} {reached}")
    return lines + [f"note      {text}" for text in (record.remark, record.coverage) if text]
