"""The critical line: where the measured slope is 0 over sigma_w and sigma_b, beside mean-field theory."""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go

from unrolled.record.results import Swept
from unrolled.record.saved import is_readable, saved

from .averages import mean
from .figures import COLOURS, DIVERGING, layout
from .gather import pool

GAIN, BIAS = "init.gain", "init.bias_std"


@dataclass(frozen=True)
class Crossing:
    """The critical sigma_w at one sigma_b.

    measured: sigma_w at which the measured slope crosses 0 from below.
    theory: the mean-field critical sigma_w; nan if there is none.
    """

    sigma_b: float
    measured: float
    theory: float

    @property
    def off(self) -> float:
        """Distance of measurement and theory, in sigma_w."""
        return abs(self.measured - self.theory)


def crossings(swept: Swept) -> list[Crossing]:
    """Returns a crossing for each sigma_b that has one.

    Empty unless the sweep is over `init.gain` and `init.bias_std`, of vanilla layers with Gaussian weights, one
    activation and no input.
    """
    activation = _plane(swept)
    if activation is None:
        return []
    found = []
    for sigma_b in swept.axes[BIAS]:
        points = [(float(gain), _initial_slope(swept, gain, sigma_b)) for gain in swept.axes[GAIN]]
        crossing = _crossing(sorted(point for point in points if not math.isnan(point[1])))
        if crossing is not None:
            found.append(Crossing(float(sigma_b), crossing, _critical(activation, float(sigma_b))))
    return found


@lru_cache
def _critical(activation: str, sigma_b: float) -> float:
    from unrolled.gradients.mean_field import critical_gain  # imports torch, which other pages do not need

    try:
        return critical_gain(activation, sigma_b**2)
    except ValueError:
        return math.nan


def _initial_slope(swept: Swept, gain: Any, sigma_b: Any) -> float:
    return mean(pool(swept.runs, {GAIN: gain, BIAS: sigma_b}).initial_slopes)


def _crossing(points: list[tuple[float, float]]) -> float | None:
    for (g0, s0), (g1, s1) in pairwise(points):
        if s0 <= 0 < s1:
            return g0 - s0 * (g1 - g0) / (s1 - s0)
    return None


def _plane(swept: Swept) -> str | None:
    """Returns the activation if the sweep spans the plane that `crossings` needs, else None."""
    files = [run.folder / ".hydra" / "config.yaml" for run in swept.runs]
    kept = [file for file in files if is_readable(file)]
    if not {GAIN, BIAS} <= set(swept.axes) or not kept:
        return None
    activation, init, input_gain = (saved(kept[0], key) for key in ("activation.name", "init.name", "init.input_gain"))
    several = {key for key, values in swept.axes.items() if len(values) > 1}
    one = not {"activation", "cell", "init", "init.input_gain"} & several
    vanilla = saved(kept[0], "cell.name", "rnn") == "rnn"
    return activation if one and vanilla and init == "gaussian" and input_gain == 0 else None


def phase_diagram(swept: Swept) -> go.Figure | None:
    """Draws the slope at initialisation over the plane, with the measured zero-slope points and the mean-field line."""
    found, activation = crossings(swept), _plane(swept)
    if not found or activation is None:
        return None
    gains, biases = (sorted(float(value) for value in swept.axes[key]) for key in (GAIN, BIAS))
    slopes = [[_slope_at(swept, gain, sigma_b) for gain in gains] for sigma_b in biases]
    limit = min(0.3, float(np.nanmax(np.abs(slopes))))
    figure = go.Figure(
        go.Heatmap(
            x=gains, y=biases, z=slopes, zmin=-limit, zmax=limit, colorscale=DIVERGING,
            colorbar={"title": {"text": "slope at initialisation, nats per lag", "side": "right"}},
            hovertemplate="sigma_w %{x}, sigma_b %{y}: %{z:.3f}<extra></extra>",
        )
    )  # fmt: skip
    fine = np.linspace(min(biases), max(biases), 20)
    figure.add_scatter(
        x=[_critical(activation, s) for s in fine], y=fine, mode="lines",
        name="mean-field critical line, chi = 1", line={"color": "black", "width": 2},
    )  # fmt: skip
    figure.add_scatter(
        x=[each.measured for each in found], y=[each.sigma_b for each in found], mode="markers",
        name="measured: slope 0", marker={"color": COLOURS[4], "size": 12, "line": {"color": "black", "width": 1}},
    )  # fmt: skip
    figure.update_xaxes(title="sigma_w (init.gain)", range=[min(gains), max(gains)])
    figure.update_yaxes(title="sigma_b (init.bias_std)")
    figure.update_layout(height=520, **layout())
    return figure


def _slope_at(swept: Swept, gain: float, sigma_b: float) -> float:
    keys = {GAIN: gain, BIAS: sigma_b}
    own = {key: next(v for v in swept.axes[key] if float(v) == value) for key, value in keys.items()}
    return _initial_slope(swept, own[GAIN], own[BIAS])


def line(swept: Swept) -> list[str]:
    """Returns where the slope at initialisation is 0, for each sigma_b, beside the mean-field line; empty without."""
    found = crossings(swept)
    if not found:
        return []
    places = "; ".join(
        f"{each.measured:z.2f}{'' if math.isnan(each.theory) else f' ({each.theory:z.2f})'} at sigma_b {each.sigma_b:g}"
        for each in found
    )
    drawn = [pool(swept.runs, {GAIN: g, BIAS: b}).initialisations for g in swept.axes[GAIN] for b in swept.axes[BIAS]]
    ends = " to ".join(dict.fromkeys(map(str, (min(drawn), max(drawn)))))
    without = len(swept.axes[BIAS]) - len(found)
    lost = f"; no crossing at {without} further values of sigma_b" if without else ""
    return [
        f"A gradient neither vanishes nor explodes at sigma_w (in brackets mean-field theory): {places}{lost} "
        f"({ends} networks for each of {len(swept.axes[GAIN])} values of sigma_w from {min(swept.axes[GAIN]):g} to "
        f"{max(swept.axes[GAIN]):g}, a straight line between neighbours)."
    ]


def distance(swept: Swept) -> list[str]:
    """Returns a line with the largest distance of measurement and theory, in sigma_w; empty without both."""
    found = [each for each in crossings(swept) if not math.isnan(each.theory)]
    if not found:
        return []
    worst = max(found, key=lambda each: each.off)
    return [
        f"Largest distance of the measured zero-slope contour from the mean-field line: "
        f"{worst.off:z.3f} in sigma_w, at sigma_b = {worst.sigma_b:g} "
        f"({worst.measured:z.3f} against {worst.theory:z.3f}); {len(found)} values of sigma_b."
    ]
