"""The end of a run, for the person who waited for it: score beside baselines, slope at birth and now, where to look."""

import math
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


def gradient_lines(status: dict[str, Any]) -> list[str]:
    """Regime, cause, horizon and theory of a run, a line each; none where no probe was taken."""
    if "regime" not in status:
        return []
    lines = _told(status)
    if "halves" in status:
        lines = [line for name, half in status["halves"].items() for line in (f"{name}:", *_told(half))]
    if status["below_float_from"] is not None:
        lines.append(f"zeros     {below_float(status)}")
    elif status["flushed_to_zero"]:
        lines.append(
            f"zeros     {status['flushed_to_zero']} norms of the last profile are exactly 0 in training's precision"
        )
    return lines


def below_float(status: dict[str, Any]) -> str:
    """Which part of the profile training's own precision cannot show."""
    lag, bits = status["below_float_from"], status["bits"]
    return f"the gradient is below float{bits} from lag {lag} on; the log-space pass continues"


def _told(status: dict[str, Any]) -> list[str]:
    born = status["births"]
    counts = ", ".join(f"{n} {regime}" for regime, n in born["regimes"].items())
    lines = []
    if born["n"]:
        mean, sd = number(born["slope_mean"], "+z.3f"), number(born["slope_sd"], "z.3f")
        lines.append(f"at birth  slope {mean} nats per lag (sd {sd}), {born['n']} networks: {counts}")
    lines.append(f"step 0    slope {number(status['slope_start'], '+z.3f')}, {status['regime_start']}")
    lines.append(f"now       {status['regime']}: {status['regime_reason']}")
    lines.append(f"          {status['explanation']}")
    lines.append(f"horizon   {horizon_words(status)}")
    lines.append(f"theory    {_theory(status['predictions'])}")
    lines.append(f"weights   {_weights(status)}")
    return lines


def _theory(predicted: dict[str, float | None]) -> str:
    names = {"bound": "ln(gamma sigma_max)", "ln_rho": "ln rho", "mean_field": "mean field", "exponent": "Lyapunov"}
    found = ", ".join(f"{name} {number(predicted[key], '+z.3f')}" for key, name in names.items())
    found += other_branch(predicted)
    return f"{found} nats per lag; departure from normality {number(predicted['departure'], 'z.2f')}"


def other_branch(predicted: dict[str, float | None]) -> str:
    """What mean field says of networks that start elsewhere, where that is another number."""
    other = predicted.get("mean_field_other")  # records of earlier versions have none
    finite = other is not None and math.isfinite(other)
    return f" (mean field from other initial states {number(other, '+z.3f')})" if finite else ""


def _weights(status: dict[str, Any]) -> str:
    lags = status["weight_horizon"]
    if lags["90%"] is None:
        return "dL/dW_h is 0"
    return (
        f"90 % of a sample's dL/dW_h comes from the last {lags['90%'] + 1} steps; its steps' parts add up to "
        f"{number(status['cancellation'], 'z.2f')} of their lengths"
    )


def horizon_words(status: dict[str, Any]) -> str:
    """When the gradient has changed by a factor of 100."""
    if status["horizon"] is not None:
        way = {"down": "1/100 of", "up": "100 times"}[status["horizon_direction"]]
        return f"lag {status['horizon']}: there the gradient is {way} what it was at lag 0"
    if status["longest_lag"] is None:
        return "none: there is no gradient to follow"
    far = number(status["horizon_extrapolated"], "z.0f")
    return f"beyond lag {status['longest_lag']}, the longest with enough samples (extrapolated: lag {far})"


def number(value: float | None, form: str) -> str:
    """In this form, whose "z" keeps "-0.000" away; a dash for None, powers of ten where digits would fill the line."""
    if value is None:
        return "-"
    return format(value, form) if abs(value) < 1e6 else f"{value:.2e}"
