"""Survival curves: the share of runs that have not solved the task yet, against updates."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from unrolled.record.results import Swept

from . import solving
from .figures import faint, layout, stroke, text
from .survival import LEAST, Survival


def by_configuration(swept: Swept) -> go.Figure | None:
    """Draws a survival curve per configuration; None if no task can be solved."""
    return _curves(solving.by_configuration(swept), "configuration")


def by_change(swept: Swept) -> go.Figure | None:
    """Draws a survival curve per range of the factor by which the gradient changes; None if no run has one."""
    return _curves(solving.by_change(swept), "exp(slope x lag)")


def _curves(every: Sequence[Survival], legend: str) -> go.Figure | None:
    if not every:
        return None
    figure = go.Figure()
    for i, each in enumerate(every):
        _add(figure, each, i)
    figure.update_xaxes(title="updates")
    figure.update_yaxes(title="share of runs that have not solved the task yet", range=[-0.03, 1.03])
    figure.update_layout(height=440, **layout(legend))
    return figure


def _add(figure: go.Figure, each: Survival, index: int) -> None:
    """Adds the curve, its band if there are enough runs, and a cross at the end of each unsolved run."""
    curve, line, name = each.curve, stroke(index), f"{text(each.name)} (n = {each.n})"
    x = np.array([0.0, *curve.updates])
    group = {"legendgroup": name, "line_shape": "hv"}
    if each.n >= LEAST:
        band = {"x": x, "mode": "lines", "line_width": 0, "hoverinfo": "skip", "showlegend": False, **group}
        figure.add_scatter(y=[1.0, *curve.low], **band)
        figure.add_scatter(y=[1.0, *curve.high], fill="tonexty", fillcolor=faint(line["color"]), **band)
    figure.add_scatter(
        x=x, y=[1.0, *curve.share], name=name, mode="lines", line={**line, "shape": "hv"}, legendgroup=name,
        hovertemplate=f"{name}, after %{{x}} updates: %{{y:.3g}} not solved<extra></extra>",
    )  # fmt: skip
    ends = sorted(run.updates for run in each.runs if not run.solved)
    if ends:
        y = curve.share[np.searchsorted(curve.updates, ends)]
        marker = {"symbol": "x-thin-open", "size": 8, "color": line["color"]}
        figure.add_scatter(x=ends, y=y, mode="markers", marker=marker, legendgroup=name, showlegend=False,
                           hovertemplate=f"{name}: not solved at the end<extra></extra>")  # fmt: skip
