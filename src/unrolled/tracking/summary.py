"""The end of a run, for the person who waited for it: score beside baselines, slope at birth and now, where to look."""

import os
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


def print_summary(status: dict[str, Any], folder: Path, name: str) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 160  # a pipe has no width: do not break lines
    ending = f", {status['error']}" if status.get("error") else ""
    console.print(
        f"\n{name}: {status['state']} after {status['steps']} steps in {status['duration_s']:.1f} s{ending}",
        markup=False,
        soft_wrap=True,
    )
    console.print(_scores(status))
    for line in _gradients(status):
        console.print(line, markup=False, soft_wrap=True)
    console.print(f"results   {folder}", markup=False, soft_wrap=True)
    if status.get("wandb"):
        console.print(
            f"in W&B    wandb leet {os.path.normpath(folder / status['wandb']['folder'])}", markup=False, soft_wrap=True
        )


def _scores(status: dict[str, Any]) -> Table:
    table = Table("score", "this run", "most frequent class", *status["references"], box=None, pad_edge=False)
    columns = [status["metrics"], status["baseline"], *status["references"].values()]
    for metric in status["baseline"]:
        table.add_row(metric, *(number(column.get(metric), ".3f") for column in columns))
    return table


def _gradients(status: dict[str, Any]) -> list[str]:
    if "regime" not in status:
        return []
    born = status["births"]
    counts = ", ".join(f"{n} {regime}" for regime, n in born["regimes"].items())
    lines = []
    if born["n"]:
        mean, sd = number(born["slope_mean"], "+.3f"), number(born["slope_sd"], ".3f")
        lines.append(f"at birth  slope {mean} nats per lag (sd {sd}), {born['n']} networks: {counts}")
    lines.append(f"step 0    slope {number(status['slope_start'], '+.3f')}, {status['regime_start']}")
    lines.append(f"now       {status['regime']}: {status['regime_reason']}")
    lines.append(f"horizon   {horizon_words(status)}")
    if status["flushed_to_zero"]:
        lines.append(
            f"zeros     {status['flushed_to_zero']} norms of the last profile are exactly 0 in training's precision"
        )
    return lines


def horizon_words(status: dict[str, Any]) -> str:
    """When the gradient has changed by a factor of 100."""
    if status["horizon"] is not None:
        way = {"down": "1/100 of", "up": "100 times"}[status["horizon_direction"]]
        return f"lag {status['horizon']}: there the gradient is {way} what it was at lag 0"
    if status["longest_lag"] is None:
        return "none: there is no gradient to follow"
    far = number(status["horizon_extrapolated"], ".0f")
    return f"beyond lag {status['longest_lag']}, the longest with enough samples (extrapolated: lag {far})"


def number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
