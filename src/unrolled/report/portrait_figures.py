"""Figures of a portrait, from its .json: singular values, gradient cone, Lyapunov spectrum, eigenvalues of W_h."""

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from unrolled.record.moments import Moment
from unrolled.record.quantities import LN_10, PREDICTORS

from .figures import COLOURS, DECADES, layout

MOST_LINES = 64


def numbers(rows: Any) -> np.ndarray:
    """Returns an array of natural logarithms from a .json, in which null stands for nan and "-inf" for ln 0."""
    return np.array([[_number(value) for value in row] if isinstance(row, list) else _number(row) for row in rows])


def _number(value: float | str | None) -> float:
    return math.nan if value is None else float(value)


def singular_values(evidence: dict[str, Any]) -> go.Figure:
    """Draws at most 64 singular values of dh_T/dh_{T-k} by lag, and a line for the slope of each prediction.

    evidence: the content of a portrait's .json.
    """
    portrait = evidence["portrait"]
    lags, ln = numbers(portrait["lags"]), numbers(portrait["ln_singular"])
    ln = np.where(np.isfinite(ln), ln, np.nan)
    chosen = np.unique(np.linspace(0, ln.shape[1] - 1, MOST_LINES).round().astype(int))
    figure = go.Figure()
    for i in chosen:
        figure.add_scatter(
            x=lags, y=ln[:, i] / LN_10, mode="lines", line={"color": COLOURS[0], "width": 1}, opacity=0.4,
            name="singular values", legendgroup="s", showlegend=bool(i == chosen[0]),
            hovertemplate=f"number {i + 1}, lag %{{x}}: 10<sup>%{{y:.2f}}</sup><extra></extra>",
        )  # fmt: skip
    predicted = Moment.from_dict(evidence).predictions
    for key, each in PREDICTORS.items():
        slope = predicted.get(key)
        if slope is not None:
            line = {"color": each.colour, "dash": each.dash, "width": 2}
            label = f"{each.label} {slope:+z.3f}"
            figure.add_scatter(x=lags, y=slope * lags / LN_10, mode="lines", name=label, line=line, hoverinfo="skip")
    figure.update_xaxes(title="lag k")
    figure.update_yaxes({"title": "singular values of dh<sub>T</sub>/dh<sub>T-k</sub>", **DECADES})
    figure.update_layout(height=460, **layout(beside=True))
    return figure


def cone(evidence: dict[str, Any]) -> go.Figure:
    """Draws the gradient cone: a row per source step s, from its loss (or a random direction) back through the states.

    evidence: the content of a portrait's .json.
    """
    portrait = evidence["portrait"]
    values = numbers(portrait["ln_cone"]) / LN_10
    figure = go.Figure(
        go.Heatmap(
            z=np.where(np.isfinite(values), values, np.nan), y=[str(s) for s in portrait["sources"]],
            colorscale="Viridis",
            colorbar={"title": {"text": "norm of dL<sub>s</sub>/dh<sub>t</sub>", "side": "right"}, **DECADES},
            hovertemplate="s = %{y}, t = %{x}: 10<sup>%{z:.2f}</sup><extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(title="state t")
    title = "loss of step s" if portrait["own_loss"] else "random direction at step s"
    figure.update_yaxes(title=title, type="category")
    figure.update_layout(height=460, **layout())
    return figure


def spectra(evidence: dict[str, Any]) -> go.Figure:
    """Draws Lyapunov exponents with 95 % intervals, and the eigenvalues of W_h with the unit circle.

    evidence: the content of a portrait's .json.
    """
    portrait = evidence["portrait"]
    figure = make_subplots(
        1, 2, subplot_titles=["Lyapunov spectrum", "eigenvalues of W<sub>h</sub>"], horizontal_spacing=0.12
    )
    values = numbers(portrait["exponents"] or [])
    # earlier versions have standard errors instead of half widths
    half = numbers(portrait["half"] or []) if "half" in portrait else 2 * numbers(portrait["errors"] or [])
    kept = np.isfinite(values)
    if kept.any():
        figure.add_scatter(
            x=np.arange(1, len(values) + 1)[kept], y=values[kept], mode="markers", name="exponents",
            error_y={"array": np.nan_to_num(half[kept])}, marker={"color": COLOURS[0]}, row=1, col=1,
        )  # fmt: skip
        figure.add_hline(y=0, line_dash="dot", line_color="#777", row=1, col=1)  # type: ignore[arg-type]
    angle = np.linspace(0, 2 * np.pi, 200)
    circle = {"color": "#777", "width": 1}
    figure.add_scatter(x=np.cos(angle), y=np.sin(angle), mode="lines", name="unit circle", line=circle, row=1, col=2)
    real, imaginary = numbers(portrait["eigenvalues"]).T
    marker = {"color": COLOURS[1], "size": 6}
    figure.add_scatter(x=real, y=imaginary, mode="markers", name="eigenvalues", marker=marker, row=1, col=2)
    figure.update_xaxes(title="number", row=1, col=1)
    figure.update_yaxes(title="nats per step", row=1, col=1)
    figure.update_xaxes(title="real part", row=1, col=2)
    figure.update_yaxes(title="imaginary part", scaleanchor="x2", row=1, col=2)
    figure.update_layout(height=460, **layout(beside=True))
    return figure
