"""The end of a run, for the person who waited for it: score beside baselines, slope at birth and now, where to look."""

import os
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from unrolled.record.words import gradient_lines, number


def print_summary(status: dict[str, Any], folder: Path, name: str) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 160  # a pipe has no width: do not break lines
    ending = f", {status['error']}" if status.get("error") else ""
    console.print(
        f"\n{name}: {status['state']} after {status['steps']} steps in {status['duration_s']:z.1f} s{ending}",
        markup=False,
        soft_wrap=True,
    )
    console.print(_scores(status))
    for line in [*_remarks(status), *gradient_lines(status)]:
        console.print(line, markup=False, soft_wrap=True)
    console.print(f"results   {folder}", markup=False, soft_wrap=True)
    if status.get("wandb"):
        console.print(
            f"in W&B    wandb leet {os.path.normpath(folder / status['wandb']['folder'])}", markup=False, soft_wrap=True
        )


def _scores(status: dict[str, Any]) -> Table:
    """A line for the run, the trivial baseline and each reference; a column for each score."""
    table = Table("score", *status["metrics"], box=None, pad_edge=False)
    told = {"this run": status["metrics"], status["baseline_name"]: status["baseline"], **status["references"]}
    for name, scores in told.items():
        table.add_row(name, *(number(scores.get(metric), "z.4f") for metric in status["metrics"]))
    return table


def _remarks(status: dict[str, Any]) -> list[str]:
    """Whether it was solved, what the task wants to be known, and how many words the given vectors cover."""
    lines = []
    if (solved := status["solved"]) and status["steps"]:
        goal = f"{solved['score']} of {solved['value']:g}"
        at, most = solved["at"], status["steps"]
        lines.append(
            f"solved    {goal} " + (f"reached after {at} updates" if at else f"not reached within {most} updates")
        )
    lines += [f"note      {text}" for text in (status["remark"], status["coverage"]) if text]
    return lines
