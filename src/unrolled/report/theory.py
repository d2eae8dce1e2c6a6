"""Theory beside measurement: predicted and measured slopes of every cell, and why they differ."""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from unrolled.sweeps.results import Cell, Swept
from unrolled.tracking.status import RESULTS

from .figures import COLOURS, layout, text
from .gather import trained

PREDICTORS = {
    "bound": "bound ln(gamma sigma_max)",
    "ln_rho": "ln rho",
    "mean_field": "mean field",
    "measured_chi": "measured chi",
    "exponent": "Lyapunov exponent",
}
ENDS = {"slope_start": "predictions_start", "slope": "predictions"}
TITLES = {"slope_start": "at step 0", "slope": "at the end, with the trained W_h"}
STATES = {"slope_start": RESULTS, "slope": ("completed",)}  # a network that diverged is not a trained one
LEAST = 5  # cells for a picture
FAR = 0.1  # nats per lag: a difference worth a word
HALF = 0.5
NEARLY_ALL = 0.9
THEORY = "mean_field"


@dataclass(frozen=True)
class Pairs:
    """One predictor at one end of training: a predicted and a measured slope for each cell that has both."""

    cells: list[Cell]
    predicted: np.ndarray
    measured: np.ndarray

    @property
    def r2(self) -> float:
        """1 - sum of squared differences over that about the mean of what was measured; nothing is fitted.

        nan where nothing was measured, or the same everywhere.
        """
        about = float(((self.measured - self.measured.mean()) ** 2).sum()) if len(self.cells) else 0.0
        return 1 - float(((self.predicted - self.measured) ** 2).sum()) / about if about else math.nan


def pairs(swept: Swept, end: str, predictor: str) -> Pairs:
    """end: a key of `ENDS`."""
    kept = []
    for cell in swept.cells:
        if cell.state in STATES[end] and cell.status.get(end) is not None:
            predicted = (cell.status.get(ENDS[end]) or {}).get(predictor)
            if predicted is not None and math.isfinite(predicted):
                kept.append((cell, predicted, cell.status[end]))
    cells, predicted, measured = zip(*kept, strict=True) if kept else ((), (), ())
    return Pairs(list(cells), np.array(predicted), np.array(measured))


def best(swept: Swept, end: str) -> str | None:
    """The predictor with the largest R^2 among those that speak of nearly all cells; None where there are too few."""
    every = {name: pairs(swept, end, name) for name in PREDICTORS}
    most = max(len(found.cells) for found in every.values())
    told = {
        name: found.r2
        for name, found in every.items()
        if len(found.cells) >= NEARLY_ALL * most and not math.isnan(found.r2)
    }
    return max(told, key=lambda name: told[name]) if told and most >= LEAST else None


def scatter(swept: Swept) -> go.Figure | None:
    """Measured against predicted slope, a point for each cell and predictor; None where there are too few cells."""
    if best(swept, "slope_start") is None:
        return None
    ends = list(ENDS) if trained(swept) else ["slope_start"]
    figure = make_subplots(1, len(ends), subplot_titles=[TITLES[end] for end in ends], horizontal_spacing=0.09)
    for column, end in enumerate(ends, start=1):
        every = {name: pairs(swept, end, name) for name in PREDICTORS}
        measured = np.concatenate([found.measured for found in every.values()])
        low, high = float(measured.min()), float(measured.max())
        figure.add_scatter(
            x=[low, high], y=[low, high], mode="lines", line={"color": "#777", "width": 1}, showlegend=False,
            hoverinfo="skip", row=1, col=column,
        )  # fmt: skip
        for i, (name, found) in enumerate(every.items()):
            if len(found.cells):
                figure.add_scatter(
                    x=found.predicted, y=found.measured, mode="markers", name=PREDICTORS[name], legendgroup=name,
                    showlegend=column == 1, marker={"color": COLOURS[i], "symbol": i, "size": 7},
                    text=[text(cell.name) for cell in found.cells],
                    hovertemplate="%{text}<br>predicted %{x:.3f}, measured %{y:.3f}<extra></extra>", row=1, col=column,
                )  # fmt: skip
    figure.update_xaxes(title="predicted slope, nats per lag")
    figure.update_yaxes(title="measured slope, nats per lag")
    figure.update_layout(height=520, **layout(beside=True))
    return figure


def agreement(swept: Swept) -> list[str]:
    """R^2 of every predictor at both ends of training; where the best one and mean-field theory are wrong, and why."""
    lines = []
    for end, title in TITLES.items():
        winner = best(swept, end)
        if winner is None or (end == "slope" and not trained(swept)):
            continue
        every = {name: pairs(swept, end, name) for name in PREDICTORS}
        scores = ", ".join(
            f"{PREDICTORS[name]} {found.r2:z.3f}" for name, found in every.items() if not math.isnan(found.r2)
        )
        lines.append(f"R^2 of the predicted slope {title}, {len(every[winner].cells)} cells: {scores}.")
        lines += [_differences(every[name], end, name) for name in dict.fromkeys((winner, THEORY))]
    return lines


def _differences(found: Pairs, end: str, name: str) -> str:
    """How often a predictor is off; of mean-field theory also why."""
    if not len(found.cells):
        return f"Mean-field theory says nothing of these cells {TITLES[end]}."
    off = found.predicted - found.measured
    far = [(cell, float(by)) for cell, by in zip(found.cells, off, strict=True) if abs(by) > FAR]
    told = f"{len(far)} of {len(found.cells)} cells are more than {FAR} nats per lag off the prediction"
    reasons = Counter(_reason(cell, by, end) for cell, by in far) if name == THEORY else {}
    why = "; ".join(f"{n} by {reason}" for reason, n in reasons.items())
    largest = f"the largest difference is {abs(off).max():z.3f}"
    return f"{PREDICTORS[name]}, {TITLES[end]}: {told}; {largest}.{f' Why: {why}.' if why else ''}"


def _reason(cell: Cell, difference: float, end: str) -> str:
    """The first that holds. Measured chi knows just where the units sit on f: what it mends is their doing."""
    status = cell.status
    births = (status.get("births") or {}).get("slope_sd") or 0.0
    mended = (status.get(ENDS[end]) or {}).get("measured_chi", math.nan) - status[end]
    if (status.get("flat") or 0.0) >= HALF and (status.get("dead") or 0.0) < HALF:
        return "saturation (over half of the units sit where f is flat)"
    if abs(mended) < HALF * abs(difference):
        return "input and state (the units do not sit on f where theory puts them)"
    if end == "slope":
        return "training (W_h has a structure that random weights have not)"
    if abs(difference) < 3 * births:
        return "finite size (births of the same configuration scatter as much)"
    return "units that move together (W_h and f' are not independent, as theory takes them to be)"
