"""Figures of a sweep's page, and the style that all figures share."""

import html
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from unrolled.config.identity import shown
from unrolled.record.results import Swept

from .averages import count, mean
from .gather import Curve, Pool, combinations, pool, varied

# Okabe & Ito's eight colours, distinct to colour-blind readers (black last).
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999933", "#000000"]
DASHES = ("solid", "dash", "dot", "dashdot")
DIVERGING = [[0.0, "#08407a"], [0.5, "#f7f7f7"], [1.0, "#e69f00"]]  # the ends differ in greyscale too
MOST_PANELS = 6
FEW = 5  # curves that are drawn one by one: a median of so few jumps with each of them
MEAN = "%{y}: %{x:+.3f} nats per lag, mean over %{customdata}<extra></extra>"
NORM = "norm of dL/dh at this lag / at lag 0"


def profiles_at_initialisation(swept: Swept) -> go.Figure:
    """Draws the profile by lag at initialisation: median and 10 to 90 % band over the networks with a gradient left."""
    return _profiles(swept, lambda each: each.initial_curves, "networks with a gradient left")


def profiles_after_training(swept: Swept) -> go.Figure:
    """Draws the profile by lag at the last probe: median and 10 to 90 % band over the runs of a configuration."""
    return _profiles(swept, lambda each: each.curves, "trained networks")


def _profiles(swept: Swept, chosen: Callable[[Pool], list[Curve]], kind: str) -> go.Figure:
    keys = varied(swept)
    colour, facets = keys[0] if keys else None, keys[1:3]
    columns = swept.axes[facets[0]][:MOST_PANELS] if facets else [None]
    rows = swept.axes[facets[1]][:MOST_PANELS] if len(facets) > 1 else [None]
    titles = [_panel(facets, column, row) for row in rows for column in columns]
    figure = make_subplots(
        len(rows), len(columns), shared_xaxes=True, shared_yaxes=True, subplot_titles=titles,
        horizontal_spacing=0.02, vertical_spacing=0.09, x_title="lag k: steps before the read-out", y_title=NORM,
    )  # fmt: skip
    for r, row in enumerate(rows):
        for c, column in enumerate(columns):
            fixed = dict(zip(facets, (column, row), strict=False))
            for i, value in enumerate(swept.axes[colour] if colour else [None]):
                axes = {**({colour: value} if colour else {}), **fixed}
                drawn = chosen(pool(swept.runs, axes))
                _add_band(figure, drawn, text(value) if colour else "all", i, kind, (r + 1, c + 1))
    figure.update_yaxes(type="log", exponentformat="power", nticks=8)
    figure.update_annotations(selector={"text": NORM}, xshift=-65)
    figure.update_layout(height=130 + 250 * len(rows), **layout(colour))
    return figure


def initialisations_drawn(swept: Swept) -> list[str]:
    """Returns a line with the number of networks that the profiles at initialisation leave out; empty if none."""
    pools = [found for axes in combinations(swept, varied(swept)) if (found := pool(swept.runs, axes)).initialisations]
    lost = sum(each.no_gradient for each in pools)
    every = sum(each.initialisations for each in pools)
    if not lost:
        return []
    dead = [each for each in pools if each.no_gradient]
    where = "; ".join(f"{each.name} {each.no_gradient} of {each.initialisations}" for each in dead)
    return [f"Drawn are {every - lost} of {every} networks. The others have no gradient left: {where}."]


def _add_band(  # noqa: PLR0917
    figure: go.Figure, drawn: list[Curve], name: str, index: int, kind: str, at: tuple[int, int]
) -> None:
    """Adds the median and the middle 80 % of the curves; up to FEW curves are drawn as lines of their own."""
    if not drawn:
        return
    group = {"row": at[0], "col": at[1], "legendgroup": name}
    if len(drawn) <= FEW:
        for i, curve in enumerate(drawn):
            x, y = _finite(np.array(curve))
            hover = f"{name}, lag %{{x}}: %{{y:.3g}} (one of {len(drawn)} {kind})<extra></extra>"
            _add_line(figure, x, y, name, index, hover, first=i == 0, at=at)
        return
    low, middle, high = _quantiles(drawn)
    lags, known = _finite(middle)
    band = {"x": lags, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False, **group}
    colour = COLOURS[index % len(COLOURS)]
    figure.add_scatter(y=_exp(low[lags]), **band)
    figure.add_scatter(y=_exp(high[lags]), fill="tonexty", fillcolor=faint(colour), **band)
    hover = f"{name}, lag %{{x}}: %{{y:.3g}} (median of {len(drawn)} {kind})<extra></extra>"
    _add_line(figure, lags, known, name, index, hover, first=True, at=at)


def _add_line(  # noqa: PLR0917
    figure: go.Figure, x: np.ndarray, y: np.ndarray, name: str, index: int, hover: str, first: bool, at: tuple[int, int]
) -> None:
    """Adds a line; the name of the first of a group stands at its end in each panel."""
    end = [""] * (len(x) - 1) + [name] if first and len(x) else None
    figure.add_scatter(
        x=x, y=y, name=name, legendgroup=name, showlegend=first and at == (1, 1), mode="lines+text" if end else "lines",
        text=end, textposition="top left", textfont={"color": COLOURS[index % len(COLOURS)]}, line=stroke(index),
        hovertemplate=hover, row=at[0], col=at[1],
    )  # fmt: skip


def _finite(logs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the lags at which a curve of logarithms is a positive number, and its values there."""
    values = _exp(logs)
    kept = np.isfinite(values) & (values > 0)
    return np.arange(len(logs))[kept], values[kept]


def _exp(logs: np.ndarray) -> np.ndarray:
    with np.errstate(under="ignore", over="ignore"):
        return np.exp(logs)


def _quantiles(drawn: list[Curve]) -> list[np.ndarray]:
    """Returns the 10, 50 and 90 % quantiles by lag; nan at lags that not all of the curves reach.

    A median over the curves that happen to reach a lag would jump where one of them ends.
    """
    shortest = min(map(len, drawn))
    stacked = np.array([curve[:shortest] for curve in drawn])
    reached = ~np.isnan(stacked).any(0)
    found = np.full((3, shortest), math.nan)
    lost = np.isneginf(stacked).any(0)
    quantile = partial(np.quantile, q=(0.1, 0.5, 0.9), axis=0)
    found[:, reached & ~lost] = quantile(stacked[:, reached & ~lost])
    found[:, reached & lost] = quantile(stacked[:, reached & lost], method="lower")  # ln 0 is not interpolated
    return list(found)


def arrows(swept: Swept) -> go.Figure:
    """Draws an arrow per configuration from the mean slope at initialisation to the mean slope after training."""
    keys = varied(swept)
    pools = [pool(swept.runs, axes) for axes in combinations(swept, keys)]
    drawn = [each for each in pools if each.initial_slopes and each.slopes][::-1]
    names = [text(each.name) for each in drawn]
    first = [each.initial_mean for each in drawn]
    now = [mean(each.slopes) for each in drawn]
    drawn_from = [count(len(each.initial_slopes), each.initialisations, "networks") for each in drawn]
    trained_of = [count(len(each.slopes), len(each.trained), "runs") for each in drawn]
    figure = go.Figure()
    sds = [0.0 if math.isnan(each.initial_sd) else each.initial_sd for each in drawn]
    figure.add_scatter(
        x=first, y=names, mode="markers", name="at initialisation (mean, sd over networks)",
        marker={"symbol": "circle-open", "size": 9, "color": "#555"}, error_x={"array": sds, "color": "#aaa"},
        customdata=drawn_from, hovertemplate=MEAN,
    )  # fmt: skip
    figure.add_scatter(
        x=now, y=names, mode="markers", name="after training (mean over seeds)",
        marker={"symbol": "diamond", "size": 9, "color": COLOURS[1]},
        customdata=trained_of, hovertemplate=MEAN,
    )  # fmt: skip
    for name, a, b in zip(names, first, now, strict=True):
        figure.add_annotation(
            x=b, y=name, ax=a, ay=name, xref="x", yref="y", axref="x", ayref="y", showarrow=True,
            arrowhead=2, arrowwidth=1.5, arrowcolor="#777", text="",
        )  # fmt: skip
    figure.add_vline(x=0, line_width=1, line_dash="dot")
    figure.update_xaxes(title="slope, nats per lag (below 0 vanishing, above 0 exploding)")
    figure.update_yaxes(title="configuration", type="category")
    figure.update_layout(height=160 + 22 * len(drawn), **layout())
    return figure


def not_drawn(swept: Swept) -> list[str]:
    """Returns a line for each axis whose values have no panels of their own, or not all of them."""
    cut = {key: len(swept.axes[key]) for key in varied(swept)[1:3] if len(swept.axes[key]) > MOST_PANELS}
    lines = [f"Drawn are the first {MOST_PANELS} of {n} values of {key}." for key, n in cut.items()]
    pooled = ", ".join(key for key in varied(swept)[3:] if len(swept.axes[key]) > 1)
    return [*lines, *([f"All values of {pooled} are pooled."] if pooled else [])]


def stroke(index: int, width: float = 2) -> dict[str, Any]:
    """Returns the plotly style of the index-th line: a colour, and dashes for greyscale prints."""
    dash = DASHES[(index + index // len(COLOURS)) % len(DASHES)]
    return {"color": COLOURS[index % len(COLOURS)], "dash": dash, "width": width}


def _panel(facets: Sequence[str], column: Any, row: Any) -> str:
    keys = (key.rpartition(".")[2] for key in facets)
    return ", ".join(f"{key} = {text(value)}" for key, value in zip(keys, (column, row), strict=False))


def text(value: Any) -> str:
    """Returns a value as the user typed it, escaped: plotly interprets some HTML in labels."""
    return html.escape(shown(value))


def faint(colour: str) -> str:
    """Returns the colour "#rrggbb" at low opacity, for bands."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"


def layout(title: str | None = None, *, beside: bool = False) -> dict[str, Any]:
    """Returns the layout that all figures share.

    title: of the legend, which is then beside the figure; without a title the legend is above.
    beside: puts a legend without a title beside the figure too.
    """
    above = {"orientation": "h", "y": 1.05, "yanchor": "bottom"}
    legend = {"title": {"text": text(title)}} if title else {} if beside else above
    return {"template": "plotly_white", "legend": legend, "margin": {"l": 100, "r": 20, "t": 50, "b": 60}}
