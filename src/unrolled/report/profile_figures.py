"""Profiles of a sweep: the gradient by lag at initialisation and after training, a panel for each value of two axes."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots
from scipy.optimize import isotonic_regression

from unrolled.record.results import Swept

from .figures import COLOURS, faint, layout, stroke, text
from .gather import Curve, Pool, combinations, pool, varied

MOST_PANELS = 6
FEW = 5  # curves that are drawn one by one: a median of so few jumps with each of them
NORM = "norm of dL/dh at this lag / at lag 0"
APART = 0.075  # of the height of a panel: between the names of two lines
NAMES, BEHIND = 1.25, 0.02  # ends of a panel and of a gap, in widths of the longest line: names stand behind the ends
ENDS = "its name stands at its end"  # marks a line of the figure


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
    _add_names(figure)
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


def not_drawn(swept: Swept) -> list[str]:
    """Returns a line for each axis whose values have no panels of their own, or not all of them."""
    cut = {key: len(swept.axes[key]) for key in varied(swept)[1:3] if len(swept.axes[key]) > MOST_PANELS}
    lines = [f"Drawn are the first {MOST_PANELS} of {n} values of {key}." for key, n in cut.items()]
    pooled = ", ".join(key for key in varied(swept)[3:] if len(swept.axes[key]) > 1)
    return [*lines, *([f"All values of {pooled} are pooled."] if pooled else [])]


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
    figure.add_scatter(y=_exp(low[lags]), name=f"{name}, 10th percentile", **band)
    figure.add_scatter(
        y=_exp(high[lags]), name=f"{name}, 90th percentile", fill="tonexty", fillcolor=faint(colour), **band
    )
    hover = f"{name}, lag %{{x}}: %{{y:.3g}} (median of {len(drawn)} {kind})<extra></extra>"
    _add_line(figure, lags, known, name, index, hover, first=True, at=at)


def _add_line(  # noqa: PLR0917
    figure: go.Figure, x: np.ndarray, y: np.ndarray, name: str, index: int, hover: str, first: bool, at: tuple[int, int]
) -> None:
    """Adds a line. first: whether its name stands at its end."""
    figure.add_scatter(
        x=x, y=y, name=name, legendgroup=name, showlegend=first and at == (1, 1), mode="lines", line=stroke(index),
        meta=ENDS if first else None, hovertemplate=hover, row=at[0], col=at[1],
    )  # fmt: skip


def _add_names(figure: go.Figure) -> None:
    """Adds the name of each line behind its end, so far apart that each can be read."""
    every: Any = figure.data
    drawn = [trace for trace in every if trace.meta == ENDS and len(trace.x)]
    if not drawn:
        return
    logs = np.log10(np.concatenate([trace.y for trace in drawn]))
    gap, longest = APART * max(1.0, float(np.ptp(logs))), max(trace.x[-1] for trace in drawn)
    for axes in dict.fromkeys((trace.xaxis, trace.yaxis) for trace in drawn):
        here = [trace for trace in drawn if (trace.xaxis, trace.yaxis) == axes]
        places = spread([math.log10(trace.y[-1]) for trace in here], gap)
        for trace, place in zip(here, places, strict=True):
            figure.add_scatter(
                x=[trace.x[-1] + longest * BEHIND], y=[10**place], mode="text", text=[trace.name], hoverinfo="skip",
                textposition="middle right", textfont={"color": trace.line.color}, legendgroup=trace.legendgroup,
                showlegend=False, xaxis=axes[0], yaxis=axes[1],
            )  # fmt: skip
    figure.update_xaxes(range=[-BEHIND * longest, NAMES * longest])
    figure.update_yaxes(range=_limits(figure))


def _limits(figure: go.Figure) -> tuple[float, float]:
    """Returns the decades that the panels share: of lines, bands and names. Plotly would take those of one panel."""
    every: Any = figure.data
    values = np.concatenate([np.asarray(trace.y, dtype=float) for trace in every])
    logs = np.log10(values[(values > 0) & np.isfinite(values)])
    margin = APART * max(1.0, float(np.ptp(logs)))
    return float(logs.min()) - margin, float(logs.max()) + margin


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Returns the places in their order, moved as little as possible until neighbours are at least `gap` apart."""
    order = np.argsort(places, kind="stable")
    steps = gap * np.arange(len(places))
    moved = np.empty(len(places))
    moved[order] = isotonic_regression(np.array(places)[order] - steps).x + steps
    return moved.tolist()


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


def _panel(facets: Sequence[str], column: Any, row: Any) -> str:
    keys = (key.rpartition(".")[2] for key in facets)
    return ", ".join(f"{key} = {text(value)}" for key, value in zip(keys, (column, row), strict=False))
