"""Figures of a sweep's page, and the style that all figures share."""

import html
import math
from typing import Any

import plotly.graph_objects as go

from unrolled.config.identity import shown
from unrolled.record.results import Swept

from .averages import count, mean
from .gather import combinations, pool, varied

# Okabe & Ito's eight colours, distinct to colour-blind readers (black last).
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999933", "#000000"]
DASHES = ("solid", "dash", "dot", "dashdot")
DIVERGING = [[0.0, "#08407a"], [0.5, "#f7f7f7"], [1.0, "#e69f00"]]  # the ends differ in greyscale too
DECADES = {"tickprefix": "10<sup>", "ticksuffix": "</sup>"}  # of axes that count powers of ten
MEAN = "%{y}: %{x:+.3f} nats per lag, mean over %{customdata}<extra></extra>"


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


def stroke(index: int, width: float = 2) -> dict[str, Any]:
    """Returns the plotly style of the index-th line: a colour, and dashes for greyscale prints."""
    dash = DASHES[(index + index // len(COLOURS)) % len(DASHES)]
    return {"color": COLOURS[index % len(COLOURS)], "dash": dash, "width": width}


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
