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
    for line in [*_remarks(status), *_gradients(status)]:
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
        table.add_row(name, *(number(scores.get(metric), ".4f") for metric in status["metrics"]))
    return table


def _remarks(status: dict[str, Any]) -> list[str]:
    """Whether it was solved, what the task wants to be known, and how many words the given vectors cover."""
    lines = []
    if solved := status["solved"]:
        goal = f"{solved['score']} of {solved['value']:g}"
        at, most = solved["at"], status["steps"]
        lines.append(
            f"solved    {goal} " + (f"reached after {at} updates" if at else f"not reached within {most} updates")
        )
    lines += [f"note      {text}" for text in (status["remark"], status["coverage"]) if text]
    return lines


def _gradients(status: dict[str, Any]) -> list[str]:
    if "regime" not in status:
        return []
    flushed = []
    if status["flushed_to_zero"]:
        flushed.append(
            f"zeros     {status['flushed_to_zero']} norms of the last profile are exactly 0 in training's precision"
        )
    if "halves" in status:
        return ["encoder:", *_told(status["halves"]["encoder"]), f"decoder:  slope and regime {NEEDS}", *flushed]
    if status["regime"] is None:
        return [f"gradient  slope and regime {NEEDS}; the profile by time step is recorded", *flushed]
    return [*_told(status), *flushed]


NEEDS = "need the cone: the loss reads every state, so each step has a fresh gradient of its own"


def _told(status: dict[str, Any]) -> list[str]:
    born = status["births"]
    counts = ", ".join(f"{n} {regime}" for regime, n in born["regimes"].items())
    lines = []
    if born["n"]:
        mean, sd = number(born["slope_mean"], "+.3f"), number(born["slope_sd"], ".3f")
        lines.append(f"at birth  slope {mean} nats per lag (sd {sd}), {born['n']} networks: {counts}")
    lines.append(f"step 0    slope {number(status['slope_start'], '+.3f')}, {status['regime_start']}")
    lines.append(f"now       {status['regime']}: {status['regime_reason']}")
    lines.append(f"horizon   {horizon_words(status)}")
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
