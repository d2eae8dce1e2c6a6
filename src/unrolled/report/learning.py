"""The figures of what was learnt: scores beside baselines, and what it cost in time."""

import plotly.graph_objects as go

from unrolled.sweeps.results import Swept

from .figures import COLOURS, layout, text
from .gather import groups, only


def scores(swept: Swept) -> go.Figure | None:
    """Validation and training score of every run, a row per configuration, and the trivial baseline."""
    told = [each for each in groups(swept) if each.scores]
    if not told or len({each.first["score"] for each in told}) != 1:
        return None
    figure = go.Figure()
    validated = [(score, text(each.name)) for each in told[::-1] for score in each.scores]
    trained = [(score, text(each.name)) for each in told[::-1] for score in each.train_scores]
    for name, symbol, colour, pairs in (
        ("validation", "diamond", COLOURS[1], validated),
        ("training", "circle-open", COLOURS[0], trained),
    ):
        if pairs:
            x, y = zip(*pairs, strict=True)
            marker = {"symbol": symbol, "size": 9, "color": colour}
            figure.add_scatter(x=x, y=y, mode="markers", name=name, marker=marker)
    score = told[0].first["score"]
    baselines = [(each.first["baseline"].get(score), text(each.name)) for each in told[::-1]]
    known = [(value, name) for value, name in baselines if value is not None]
    if known:
        x, y = zip(*known, strict=True)
        marker = {"symbol": "line-ns-open", "size": 14, "color": "#555"}
        figure.add_scatter(x=x, y=y, mode="markers", name=text(told[0].first["baseline_name"]), marker=marker)
    figure.update_xaxes(title=text(score))
    figure.update_yaxes(type="category", title="configuration")
    figure.update_layout(height=160 + 24 * len(told), **layout())
    return figure


def cost(swept: Swept) -> go.Figure | None:
    """Seconds of training against the number of time steps, beside the references that say what they took."""
    key = "task.length"
    if not only(swept, key):  # else one length has several networks
        return None
    told = groups(swept)
    figure = go.Figure()
    networks = sorted((each.axes[key], each.seconds) for each in told)
    figure.add_scatter(x=[T for T, _ in networks], y=[s for _, s in networks], name="the RNN", mode="lines+markers")
    names = dict.fromkeys(name for each in told for name in each.first["references"])
    for name in names:
        points = [
            (each.axes[key], each.first["references"][name]["seconds"])
            for each in told
            if "seconds" in each.first["references"].get(name, {})
        ]
        if points:
            x, y = zip(*sorted(points), strict=True)
            figure.add_scatter(x=x, y=y, name=text(name), mode="lines+markers", line={"dash": "dash"})
    figure.update_xaxes(title="T, time steps", type="log")
    figure.update_yaxes(title="seconds of training", type="log")
    figure.update_layout(height=400, **layout())
    return figure
