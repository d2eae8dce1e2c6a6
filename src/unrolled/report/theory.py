"""Theory compared with measurement: predicted and measured slopes of each run, and why they differ."""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from unrolled.record.moments import When
from unrolled.record.quantities import MEASURED, PREDICTORS, Prediction
from unrolled.record.results import Swept, SweptRun
from unrolled.record.status import RESULTS

from .configurations import trained
from .figures import COLOURS, layout, text

TITLES: dict[When, str] = {"start": "at step 0", "end": "at the end, with the trained W_h"}
STATES = {"start": RESULTS, "end": ("completed",)}  # a network that diverged is not a trained one
LEAST = 5  # runs for a figure
FAR = 0.1  # nats per lag: larger differences are counted
HALF = 0.5
NEARLY_ALL = 0.9
THEORY = "mean_field"


@dataclass(frozen=True)
class Pairs:
    """A quantity and the measured slope at one moment of training, for each run that has both.

    predicted, measured: (n,), nats per lag.
    """

    runs: list[SweptRun]
    predicted: np.ndarray
    measured: np.ndarray

    @property
    def rms(self) -> float:
        """Root of the mean squared difference, nats per lag, without a fit; nan if there is no run."""
        return math.sqrt(float(((self.predicted - self.measured) ** 2).mean())) if len(self.runs) else math.nan


def pairs(swept: Swept, when: When, name: str) -> Pairs:
    """Returns the pairs of a quantity and the slope.

    when: "start" or "end" of training.
    name: a key of `PREDICTORS` or `MEASURED`.
    """
    kept = []
    for run in swept.runs:
        then = run.record.at(when)
        value = then.predictions.get(name)
        if run.state in STATES[when] and then.slope is not None and value is not None:
            kept.append((run, value, then.slope))
    runs, predicted, measured = zip(*kept, strict=True) if kept else ((), (), ())
    return Pairs(list(runs), np.array(predicted, dtype=float), np.array(measured, dtype=float))


def best(swept: Swept, when: When) -> str | None:
    """Returns the predictor with the least RMS difference among those that cover nearly all runs; None for few runs."""
    every = {name: pairs(swept, when, name) for name in PREDICTORS}
    most = max(len(found.runs) for found in every.values())
    known = {name: found.rms for name, found in every.items() if len(found.runs) >= NEARLY_ALL * most}
    return min(known, key=lambda name: known[name]) if most >= LEAST else None


def scatter(swept: Swept) -> go.Figure | None:
    """Draws measured against predicted slopes, a point per run and quantity; None for too few runs."""
    if best(swept, "start") is None:
        return None
    ends: list[When] = [when for when in TITLES if when == "start" or trained(swept)]
    figure = make_subplots(1, len(ends), subplot_titles=[TITLES[end] for end in ends], horizontal_spacing=0.09)
    for column, end in enumerate(ends, start=1):
        every = {name: pairs(swept, end, name) for name in PREDICTORS | MEASURED}
        measured = np.concatenate([found.measured for found in every.values()])
        if not len(measured):
            continue
        low, high = float(measured.min()), float(measured.max())
        figure.add_scatter(
            x=[low, high], y=[low, high], mode="lines", line={"color": "#777", "width": 1}, showlegend=False,
            hoverinfo="skip", row=1, col=column,
        )  # fmt: skip
        for i, (name, found) in enumerate(every.items()):
            if len(found.runs):
                _add_points(figure, name, found, i, column)
    figure.update_xaxes(title="theory or another measure, nats per lag")
    figure.update_yaxes(title="measured slope, nats per lag")
    figure.update_layout(height=520, **layout(beside=True))
    return figure


def _add_points(figure: go.Figure, name: str, found: Pairs, index: int, column: int) -> None:
    title = PREDICTORS[name].label if name in PREDICTORS else f"{MEASURED[name].label} (measured)"
    figure.add_scatter(
        x=found.predicted, y=found.measured, mode="markers", name=title, legendgroup=name,
        showlegend=column == 1, marker={"color": COLOURS[index], "symbol": index, "size": 7},
        text=[text(run.name) for run in found.runs],
        hovertemplate="%{text}<br>x %{x:.3f}, measured slope %{y:.3f}<extra></extra>", row=1, col=column,
    )  # fmt: skip


def agreement(swept: Swept) -> list[str]:
    """Returns the RMS difference of each predictor at step 0 and at the end, and why mean-field theory is off.

    Quantities measured along the same states have lines of their own, for they are no predictions.
    """
    lines = []
    for when, title in TITLES.items():
        winner = best(swept, when)
        if winner is None or (when == "end" and not trained(swept)):
            continue
        lines.append(f"RMS difference of predicted and measured slope {title}, nats per lag: {_all(swept, when)}.")
        if beside := _all(swept, when, MEASURED):
            lines.append(f"Measured along the same states, no predictions, RMS difference {title}: {beside}.")
        lines += [_differences(pairs(swept, when, name), when, name) for name in dict.fromkeys((winner, THEORY))]
    return lines


def _all(swept: Swept, when: When, names: dict[str, Prediction] = PREDICTORS) -> str:
    """Returns the RMS difference of each quantity with its number of runs; quantities without runs are left out."""
    found = ((each.label, pairs(swept, when, name)) for name, each in names.items())
    return ", ".join(f"{title} {each.rms:z.3f} ({len(each.runs)} runs)" for title, each in found if each.runs)


def _differences(found: Pairs, when: When, name: str) -> str:
    """Returns how many runs a predictor misses, and for mean-field theory also why."""
    if not len(found.runs):
        return f"Mean-field theory says nothing of these runs {TITLES[when]}."
    off = found.predicted - found.measured
    far = [(run, float(by)) for run, by in zip(found.runs, off, strict=True) if abs(by) > FAR]
    counted = f"{len(far)} of {len(found.runs)} runs are more than {FAR} nats per lag off the prediction"
    given = (reason for run, by in far if (reason := _reason(run, by, when)) is not None)
    reasons = Counter(given) if name == THEORY else {}
    why = "; ".join(f"{n} by {reason}" for reason, n in reasons.items())
    largest = f"the largest difference is {abs(off).max():z.3f}"
    return f"{PREDICTORS[name].label}, {TITLES[when]}: {counted}; {largest}.{f' Why: {why}.' if why else ''}"


def _reason(run: SweptRun, difference: float, when: When) -> str | None:
    """Returns the first reason that applies; None if the record lacks the units' saturation at that moment.

    Measured chi uses the actual f' of the units: what it corrects is due to where the units are on f.
    """
    then = run.record.at(when)
    chi = then.predictions.get("measured_chi")
    if then.flat is None or then.dead is None or then.slope is None or chi is None:
        return None
    if then.flat >= HALF and then.dead < HALF:
        return "saturation (over half of the units sit where f is flat)"
    if abs(chi - then.slope) < HALF * abs(difference):
        return "input and state (the units do not sit on f where theory puts them)"
    if when == "end":
        return "training (W_h has a structure that random weights have not)"
    initialisations = run.record.births
    if initialisations is not None and abs(difference) < 3 * (initialisations.slope_sd or 0.0):
        return "finite size (other initialisations of the configuration scatter as much)"
    return "units that move together (W_h and f' are not independent, as theory takes them to be)"
