"""Figures of a number by an axis, and of a share by an axis: every run, the mean or share, and its interval."""

from collections.abc import Sequence

import plotly.graph_objects as go

from unrolled.config.identity import shown
from unrolled.record.results import Swept, SweptRun
from unrolled.record.values import distinct, identity

from ..figures import COLOURS, layout, stroke, text
from ..gather import varied
from .baselines import Beside
from .comparison import Measured, by_value
from .rank import points
from .solved import shares

HEIGHT = 400


def by_axis(swept: Swept, key: str, measured: Sequence[Measured]) -> go.Figure | None:
    """Draws each run's number at its value of the axis, with a line through the means.

    Of a single quantity each value of the next axis has its own colour. None if no run has a number.
    """
    figure = go.Figure()
    other = next((each for each in varied(swept) if each != key and 1 < len(swept.axes[each]) <= len(COLOURS)), None)
    parts = swept.axes[other] if other and len(measured) == 1 else [None]
    index = 0
    for each in measured:
        for value in parts:
            chosen = [
                run for run in swept.runs if value is None or identity(run.axes.get(other or "")) == identity(value)
            ]
            name = (
                each.unit if len(measured) > 1 or value is None else f"{(other or '').rpartition('.')[2]} {text(value)}"
            )
            _add(figure, Swept(swept.folder, "", "", swept.axes, chosen), key, each, index, name)
            index += 1
    if not figure.data:
        return None
    _add_baseline(figure, swept, measured[0].unit)
    figure.update_xaxes(title=text(key), type="category")
    figure.update_yaxes(title=text(measured[0].unit if len(measured) == 1 else "score"))
    figure.update_layout(height=HEIGHT, **layout(beside=True))
    return figure


def _add(figure: go.Figure, swept: Swept, key: str, measured: Measured, index: int, name: str) -> None:  # noqa: PLR0917
    at = [each for each in by_value(swept, key, measured) if each.found.n]
    if not at:
        return
    runs = [(shown(each.value), number) for each in at for number in each.found.values]
    figure.add_scatter(
        x=[x for x, _ in runs], y=[y for _, y in runs], mode="markers", legendgroup=name, showlegend=False,
        marker={"color": COLOURS[index % len(COLOURS)], "symbol": "circle-open", "size": 8},
        hovertemplate=f"{text(name)}, %{{x}}: %{{y:.4g}} (a run)<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=[shown(each.value) for each in at], y=[each.found.mean for each in at], mode="lines+markers",
        name=text(name), legendgroup=name, line=stroke(index), marker={"size": 9},
        error_y={"array": [each.found.half or 0 if each.configurations == 1 else 0 for each in at]},
        customdata=[each.found.n for each in at],
        hovertemplate=f"{text(name)}, %{{x}}: mean %{{y:.4g}} of %{{customdata}} runs<extra></extra>",
    )  # fmt: skip


def _add_baseline(figure: go.Figure, swept: Swept, score: str) -> None:
    """Adds a dashed line at the trivial baseline, if all runs have the one."""
    found = {(run.record.baseline_name, run.record.baseline.get(score)) for run in swept.runs if run.record.has_result}
    (name, value), *others = sorted(found, key=repr) or [("", None)]
    if value is not None and not others:
        figure.add_hline(y=value, line_dash="dash", line_color="#777", annotation_text=text(name))


def share_by_axis(swept: Swept, key: str) -> go.Figure | None:
    """Draws the share of runs that solved the task at each value, with Wilson's interval; None if none can."""
    found = shares(swept, key)
    if not found:
        return None
    middle = [each.count / each.n for _, each, _ in found]
    limits = [each.interval for _, each, _ in found]
    figure = go.Figure(
        go.Scatter(
            x=[shown(value) for value, *_ in found], y=middle, mode="markers+text", marker={"size": 11},
            text=[f"{each.count} of {each.n}" for _, each, _ in found], textposition="middle right",
            error_y={"array": [max(0.0, high - y) for (_, high), y in zip(limits, middle, strict=True)],
                     "arrayminus": [max(0.0, y - low) for (low, _), y in zip(limits, middle, strict=True)]},
            line={"color": COLOURS[0]}, hovertemplate="%{x}: %{text}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(title=text(key), type="category")
    figure.update_yaxes(title="share of runs that solved the task", range=[-0.05, 1.05])
    figure.update_layout(height=HEIGHT, **layout())
    return figure


def against_slope(swept: Swept, measured: Measured) -> go.Figure | None:
    """Draws each run's number against its slope at step 0; None for no run with both."""
    known = points(swept, measured)
    if not known:
        return None
    keys = [key for key in varied(swept) if len(swept.axes[key]) > 1][:1]
    groups = distinct(run.axes.get(keys[0]) for *_, run in known) if keys else [None]
    figure = go.Figure()
    for i, value in enumerate(groups):
        chosen = [each for each in known if not keys or identity(each[2].axes.get(keys[0])) == identity(value)]
        _add_points(figure, chosen, text(value) if keys else "runs", i)
    _add_baseline(figure, swept, measured.unit)
    figure.add_vline(x=0, line_dash="dot", line_color="#777")
    figure.update_xaxes(title="slope at step 0, nats per lag (below 0 the gradient vanishes)")
    figure.update_yaxes(title=text(measured.unit))
    figure.update_layout(height=HEIGHT, **layout(keys[0] if keys else None, beside=True))
    return figure


def _add_points(figure: go.Figure, known: list[tuple[float, float, SweptRun]], name: str, index: int) -> None:
    figure.add_scatter(
        x=[x for x, *_ in known], y=[y for _, y, _ in known], mode="markers", name=name,
        marker={"color": COLOURS[index % len(COLOURS)], "symbol": index, "size": 9},
        text=[text(run.name) for *_, run in known], hovertemplate="%{text}: %{x:.3f}, %{y:.4g}<extra></extra>",
    )  # fmt: skip


def beside_baselines(found: Sequence[Beside]) -> go.Figure | None:
    """Draws runs, trivial baseline and strongest reference in a panel for each value; one score has one scale."""
    from plotly.subplots import make_subplots

    if not found:
        return None
    alike = len({each.score for each in found}) == 1
    titles = [text(each.name) + ("" if alike else f": {text(each.score)}") for each in found]
    spacing = (0.1 if alike else 0.25) / len(found)
    figure = make_subplots(1, len(found), subplot_titles=titles, shared_yaxes=alike, horizontal_spacing=spacing)
    for column, each in enumerate(found, start=1):
        at = {"row": 1, "col": column}
        groups = [
            ("runs", list(each.at.found.values), COLOURS[1], "diamond"),
            ("trivial baseline", [each.baseline], "#555", "line-ew"),
        ]
        if each.reference is not None:
            groups.append(("strongest other model", [each.reference[1]], COLOURS[0], "square-open"))
        for name, values, colour, symbol in groups:
            y = [value for value in values if value is not None]
            marker = {"color": colour, "symbol": symbol, "size": 12, "line": {"width": 2, "color": colour}}
            figure.add_scatter(
                x=[name] * len(y), y=y, mode="markers", marker=marker, name=name, legendgroup=name,
                showlegend=column == 1, hovertemplate=f"{name}: %{{y:.4g}}<extra></extra>", **at,
            )  # fmt: skip
    figure.update_xaxes(showticklabels=False)
    figure.update_yaxes(title=text(found[0].score) if alike else "", col=1)
    figure.update_layout(height=HEIGHT, **layout())
    return figure
