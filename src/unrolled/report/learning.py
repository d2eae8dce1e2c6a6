"""Figures of scores beside baselines, and of training time."""

from typing import Any

import plotly.graph_objects as go

from unrolled.record.checked import is_number
from unrolled.record.results import Swept

from .averages import mean
from .configurations import groups
from .figures import COLOURS, layout, text
from .gather import only


def scores(swept: Swept) -> go.Figure | None:
    """Draws the validation and training score of each run and the trivial baseline, a row per configuration.

    None if there are no scores, or different ones.
    """
    shown = [each for each in groups(swept) if each.scores]
    if not shown or len({each.score for each in shown}) != 1:
        return None
    figure = go.Figure()
    validated = [(score, text(each.name)) for each in shown[::-1] for score in each.scores]
    trained = [(score, text(each.name)) for each in shown[::-1] for score in each.train_scores]
    for name, symbol, colour, pairs in (
        ("validation", "diamond", COLOURS[1], validated),
        ("training", "circle-open", COLOURS[0], trained),
    ):
        if pairs:
            x, y = zip(*pairs, strict=True)
            marker = {"symbol": symbol, "size": 9, "color": colour}
            figure.add_scatter(x=x, y=y, mode="markers", name=name, marker=marker)
    score = shown[0].score
    baselines = [(each.baseline, text(each.name)) for each in shown[::-1]]
    known = [(value, name) for value, name in baselines if value is not None]
    if known:
        x, y = zip(*known, strict=True)
        marker = {"symbol": "line-ns-open", "size": 14, "color": "#555"}
        figure.add_scatter(x=x, y=y, mode="markers", name=text(shown[0].baseline_name), marker=marker)
    figure.update_xaxes(title=text(score))
    figure.update_yaxes(type="category", title="configuration")
    figure.update_layout(height=160 + 24 * len(shown), **layout())
    return figure


def cost(swept: Swept) -> go.Figure | None:
    """Draws seconds of training against the number of time steps, beside the references with a known time.

    None unless the length is the only swept axis.
    """
    key = "task.length"
    if not only(swept, key):  # otherwise one length has several networks
        return None
    shown = groups(swept)
    figure = go.Figure()
    networks = [(each.axes[key], mean(each.seconds)) for each in shown if each.seconds]
    _add_times(figure, networks, name="the RNN")
    names = dict.fromkeys(name for each in shown for name in each.references)
    for name in names:
        points = [
            (each.axes[key], seconds)
            for each in shown
            if (seconds := each.references.get(name, {}).get("seconds")) is not None
        ]
        _add_times(figure, points, name=text(name), line={"dash": "dash"})
    figure.update_xaxes(title="T, time steps", type="log")
    figure.update_yaxes(title="seconds of training", type="log")
    figure.update_layout(height=400, **layout())
    return figure


def _add_times(figure: go.Figure, points: list[tuple[Any, float]], **line: Any) -> None:
    """Adds a line through the points (length of the sequences, seconds) whose length is a number."""
    known = sorted((float(T), seconds) for T, seconds in points if is_number(T))
    if known:
        x, y = zip(*known, strict=True)
        figure.add_scatter(x=x, y=y, mode="lines+markers", **line)
