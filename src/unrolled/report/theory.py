"""Theory beside measurement: predicted and measured slopes, and the critical line in the plane of sigma_w and sigma_b."""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from omegaconf import OmegaConf
from plotly.subplots import make_subplots

from unrolled.gradients.theory import critical_gain
from unrolled.sweeps.results import Cell, Swept
from unrolled.tracking.status import RESULTS

from .figures import COLOURS, layout, text
from .gather import mean, pool

PREDICTORS = {
    "bound": "bound ln(gamma sigma_max)",
    "ln_rho": "ln rho",
    "mean_field": "mean field",
    "measured_chi": "measured chi",
    "exponent": "Lyapunov exponent",
}
ENDS = {"slope_start": "predictions_start", "slope": "predictions"}
TITLES = {"slope_start": "at step 0", "slope": "at the end, with the trained W_h"}
LEAST = 5  # cells for a picture
FAR = 0.1  # nats per lag: a difference worth a word
GAIN, BIAS = "init.gain", "init.bias_std"


@dataclass(frozen=True)
class Pairs:
    """One predictor at one end of training: a predicted and a measured slope for each cell that has both."""

    cells: list[Cell]
    predicted: np.ndarray
    measured: np.ndarray

    @property
    def r2(self) -> float:
        """1 - sum of squared differences over that about the mean of what was measured; nothing is fitted."""
        about = float(((self.measured - self.measured.mean()) ** 2).sum())
        return 1 - float(((self.predicted - self.measured) ** 2).sum()) / about if about else math.nan


def pairs(swept: Swept, end: str, predictor: str) -> Pairs:
    """end: a key of `ENDS`."""
    kept = []
    for cell in swept.cells:
        if cell.state in RESULTS and cell.status.get(end) is not None:
            predicted = (cell.status.get(ENDS[end]) or {}).get(predictor)
            if predicted is not None:
                kept.append((cell, predicted, cell.status[end]))
    cells, predicted, measured = zip(*kept, strict=True) if kept else ((), (), ())
    return Pairs(list(cells), np.array(predicted), np.array(measured))


def best(swept: Swept, end: str) -> tuple[str, Pairs] | None:
    """The predictor with the largest R^2 that speaks of all cells that have a slope; None where there are too few."""
    every = {name: pairs(swept, end, name) for name in PREDICTORS}
    most = max(len(found.cells) for found in every.values())
    told = {name: found for name, found in every.items() if len(found.cells) == most and not math.isnan(found.r2)}
    if most < LEAST or not told:
        return None
    name = max(told, key=lambda each: told[each].r2)
    return name, told[name]


def scatter(swept: Swept) -> go.Figure | None:
    """Measured against predicted slope, a point for each cell and predictor; None where there are too few cells."""
    if best(swept, "slope_start") is None:
        return None
    trained = any(cell.status.get("steps") for cell in swept.cells)
    ends = list(ENDS) if trained else ["slope_start"]
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
    figure.update_layout(height=520, **{**layout(None), "legend": {}})
    return figure


def agreement(swept: Swept) -> list[str]:
    """R^2 of every predictor at both ends, and why the best one is wrong where it is."""
    lines = []
    for end, title in TITLES.items():
        found = best(swept, end)
        if found is None or (end == "slope" and not any(cell.status.get("steps") for cell in swept.cells)):
            continue
        scores = [(PREDICTORS[name], pairs(swept, end, name)) for name in PREDICTORS]
        told = ", ".join(f"{words} {each.r2:.3f} ({len(each.cells)} cells)" for words, each in scores if len(each.cells))
        lines.append(f"R^2 of the slope {title}: {told}. The best one that speaks of all cells: {PREDICTORS[found[0]]}.")
        lines += _differences(found[1], end, PREDICTORS[found[0]])
    return lines


def _differences(found: Pairs, end: str, name: str) -> list[str]:
    far = [
        (cell, predicted - measured)
        for cell, predicted, measured in zip(found.cells, found.predicted, found.measured, strict=True)
        if abs(predicted - measured) > FAR
    ]
    if not far:
        return [f"{name} is nowhere further than {FAR} nats per lag from what was measured."]
    reasons = Counter(_reason(cell, difference, end) for cell, difference in far)
    told = "; ".join(f"{n} {'cell' if n == 1 else 'cells'}: {reason}" for reason, n in reasons.most_common())
    return [f"It is further than {FAR} nats per lag from what was measured in {len(far)} of {len(found.cells)}. {told}."]


def _reason(cell: Cell, difference: float, end: str) -> str:
    """The first that applies: saturation, finite size, training, input."""
    status = cell.status
    sd = (status.get("births") or {}).get("slope_sd") or 0.0
    if status.get("flat") is not None and status["flat"] >= 0.5 and status.get("dead", 0) < 0.25:
        return "saturation (over half of the units sit where f is flat)"
    if end == "slope_start" and abs(difference) < 3 * sd:
        return "finite size (births of the same configuration scatter as much)"
    if end == "slope":
        return "training has given W_h structure that a random matrix has not"
    return "input (it moves units together, so that their f' are not independent)"


@dataclass(frozen=True)
class Crossing:
    """Where the measured slope crosses 0 on the way up, at one sigma_b; theory: the mean-field critical sigma_w."""

    sigma_b: float
    measured: float
    theory: float


def crossings(swept: Swept) -> list[Crossing]:
    """For sweeps of `init.gain` and `init.bias_std` of one activation's Gaussian networks without input; else none."""
    activation = _plane(swept)
    if activation is None:
        return []
    found = []
    for sigma_b in swept.axes[BIAS]:
        points = [(float(gain), _birth_slope(swept, gain, sigma_b)) for gain in swept.axes[GAIN]]
        crossing = _crossing(sorted(point for point in points if not math.isnan(point[1])))
        if crossing is not None:
            found.append(Crossing(float(sigma_b), crossing, critical_gain(activation, float(sigma_b) ** 2)))
    return found


def _birth_slope(swept: Swept, gain: Any, sigma_b: Any) -> float:
    return mean(pool(swept.cells, {GAIN: gain, BIAS: sigma_b}).birth_slopes)


def _crossing(points: list[tuple[float, float]]) -> float | None:
    for (g0, s0), (g1, s1) in zip(points, points[1:], strict=False):
        if s0 <= 0 < s1:
            return g0 - s0 * (g1 - g0) / (s1 - s0)
    return None


def _plane(swept: Swept) -> str | None:
    """The activation, where the sweep is such a plane."""
    files = [cell.folder / ".hydra" / "config.yaml" for cell in swept.cells]
    kept = [file for file in files if file.is_file()]
    if not {GAIN, BIAS} <= set(swept.axes) or not kept:
        return None
    config: Any = OmegaConf.load(kept[0])
    one = not {"activation", "init", "init.input_gain"} & {key for key, values in swept.axes.items() if len(values) > 1}
    return config.activation.name if one and config.init.name == "gaussian" and config.init.input_gain == 0 else None


def phase_diagram(swept: Swept) -> go.Figure | None:
    """The slope at birth in the plane, the measured zero-slope contour, and the mean-field line."""
    found, activation = crossings(swept), _plane(swept)
    if not found or activation is None:
        return None
    gains, biases = (sorted(float(value) for value in swept.axes[key]) for key in (GAIN, BIAS))
    slopes = [[_slope_at(swept, gain, sigma_b) for gain in gains] for sigma_b in biases]
    limit = min(0.3, float(np.nanmax(np.abs(slopes))))
    figure = go.Figure(
        go.Heatmap(
            x=gains, y=biases, z=slopes, zmin=-limit, zmax=limit, colorscale="RdBu_r",
            colorbar={"title": {"text": "slope at birth, nats per lag", "side": "right"}},
            hovertemplate="sigma_w %{x}, sigma_b %{y}: %{z:.3f}<extra></extra>",
        )
    )  # fmt: skip
    fine = np.linspace(min(biases), max(biases), 40)
    figure.add_scatter(
        x=[critical_gain(activation, s**2) for s in fine], y=fine, mode="lines", name="mean-field critical line, chi = 1",
        line={"color": "black", "width": 2},
    )  # fmt: skip
    figure.add_scatter(
        x=[each.measured for each in found], y=[each.sigma_b for each in found], mode="markers",
        name="measured: slope 0", marker={"color": COLOURS[4], "size": 12, "line": {"color": "black", "width": 1}},
    )  # fmt: skip
    figure.update_xaxes(title="sigma_w (init.gain)", range=[min(gains), max(gains)])
    figure.update_yaxes(title="sigma_b (init.bias_std)")
    figure.update_layout(height=520, **layout(None))
    return figure


def _slope_at(swept: Swept, gain: float, sigma_b: float) -> float:
    keys = {GAIN: gain, BIAS: sigma_b}
    own = {key: next(v for v in swept.axes[key] if float(v) == value) for key, value in keys.items()}
    return _birth_slope(swept, own[GAIN], own[BIAS])


def distance(swept: Swept) -> list[str]:
    """The largest distance between the two lines, in sigma_w, and where."""
    found = crossings(swept)
    if not found:
        return []
    worst = max(found, key=lambda each: abs(each.measured - each.theory))
    return [
        f"Largest distance of the measured zero-slope contour from the mean-field line: "
        f"{abs(worst.measured - worst.theory):.3f} in sigma_w, at sigma_b = {worst.sigma_b:g} "
        f"({worst.measured:.3f} against {worst.theory:.3f}); {len(found)} values of sigma_b."
    ]
