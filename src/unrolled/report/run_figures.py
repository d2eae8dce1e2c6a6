"""Figures of one run, from the files that it wrote."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from unrolled.record.quantities import LN_10
from unrolled.record.run_record import RunRecord
from unrolled.record.tables import METRICS, PROFILES, read_rows, read_table

from .figures import COLOURS, layout, stroke, text

MOST_PROBES = 60  # positions of the slider
Series = dict[str, tuple[list[int], list[float]]]
Probes = list[tuple[float, np.ndarray]]  # training step, values by time step


def metrics(folder: Path) -> Series:
    """Returns the training steps and values of each column of metrics.csv that has values."""
    file = folder / METRICS
    header, rows = read_table(file) if file.is_file() else ([], [])
    columns = dict(zip(header, zip(*rows, strict=True), strict=True)) if rows else {}
    steps = [int(step) for step in columns.pop("step", ())]
    kept = {name: [i for i, value in enumerate(values) if not math.isnan(value)] for name, values in columns.items()}
    return {name: ([steps[i] for i in at], [columns[name][i] for i in at]) for name, at in kept.items() if at}


def learning(folder: Path, record: RunRecord) -> go.Figure | None:
    """Draws loss and score over training, each with the trivial baseline; None if neither was recorded."""
    series, score = metrics(folder), record.score or "val/loss"
    panels = [("loss", ["loss", "val/loss"], "val/loss")]
    panels += [(score, [score.replace("val", "train", 1), score], score)] if score != "val/loss" else []
    figure = make_subplots(1, len(panels), subplot_titles=[text(title) for title, *_ in panels])
    for column, (_, names, baseline) in enumerate(panels, start=1):
        for i, name in enumerate(names):
            if name in series:
                steps, values = series[name]
                mode, line = ("lines", {"width": 1}) if i == 0 else ("lines+markers", {"width": 2})
                figure.add_scatter(
                    x=steps, y=values, mode=mode, name=text(name), line={"color": COLOURS[i], **line}, row=1, col=column
                )
        known = record.baseline.get(baseline)
        if known is not None:
            figure.add_hline(
                y=known, line_dash="dash", line_color="#777", row=1, col=column,  # type: ignore[arg-type]
                annotation_text=text(record.baseline_name),
            )  # fmt: skip
    figure.update_xaxes(title="training step (updates)")
    figure.update_layout(height=400, **layout(beside=True))
    return figure if any(name in series for _, names, _ in panels for name in names) else None


def slopes(folder: Path) -> go.Figure | None:
    """Draws the slope of each RNN over the probes; None if there are none."""
    found = {name: each for name, each in metrics(folder).items() if name.endswith("/slope")}
    if not found:
        return None
    figure = go.Figure()
    for i, (name, (steps, values)) in enumerate(sorted(found.items())):
        figure.add_scatter(x=steps, y=values, mode="lines+markers", name=text(name), line=stroke(i))
    figure.add_hline(y=0, line_dash="dot", line_color="#777")
    figure.update_xaxes(title="training step (updates)")
    figure.update_yaxes(title="slope, nats per lag")
    figure.update_layout(height=360, **layout(beside=True))
    return figure


def profile_over_training(folder: Path, suffix: str = "") -> go.Figure | None:
    """Draws the profile by lag with a slider over the probed training steps; a dashed line keeps the first probe.

    suffix: "_decoder" for the second RNN of an encoder-decoder. None if there are no probes.
    """
    rows = _table(folder, f"grad_h_relative_log{suffix}")
    if not rows:
        return None
    probes, rows = len(rows), _thinned(rows)
    figure = go.Figure()
    for i, (step, values) in enumerate([rows[0], *rows]):
        curve, now = values[::-1] / LN_10, i > 0
        figure.add_scatter(
            x=np.arange(len(curve)), y=curve, mode="lines", name=f"step {step:g}" if now else "before training",
            visible=not now or i == len(rows),
            line={"color": COLOURS[0] if now else "#777", "width": 3 if now else 1, "dash": "solid" if now else "dash"},
            hovertemplate="lag %{x}: 10^%{y:.2f}<extra></extra>",
        )  # fmt: skip
    steps = [
        {"label": f"{step:g}", "method": "restyle", "args": ["visible", [True, *(j == i for j in range(len(rows)))]]}
        for i, (step, _) in enumerate(rows)
    ]
    few = f" ({len(rows)} of {probes} probes)" if len(rows) < probes else ""
    shown = {"prefix": "training step ", "suffix": few}
    slider = {"active": len(rows) - 1, "steps": steps, "currentvalue": shown, "pad": {"t": 75}}
    figure.update_xaxes(title="lag k: steps before the read-out")
    figure.update_yaxes(title="log10 of norm of dL/dh, to lag 0")
    figure.update_layout(height=520, sliders=[slider] if len(rows) > 1 else [], **layout(beside=True))
    return figure


def _thinned(rows: Probes) -> Probes:
    """Returns at most MOST_PROBES evenly spaced rows, with the first and the last."""
    return [rows[i] for i in np.unique(np.linspace(0, len(rows) - 1, MOST_PROBES).round().astype(int))]


def heat_map(folder: Path, later_parts: Mapping[str, int]) -> go.Figure | None:
    """Draws log10 of the norm of dL/dh_t in training's precision, by training step and time step.

    Exact zeros stay empty. later_parts: first time step of each RNN but the first, by name.
    Returns None if there are no probes.
    """
    rows = _table(folder, "grad_h_log")
    if not rows:
        return None
    figure = go.Figure(
        go.Heatmap(
            z=np.stack([values for _, values in rows]) / LN_10, y=[f"{step:g}" for step, _ in rows],
            colorscale="Viridis", colorbar={"title": {"text": "log10 of norm of dL/dh_t", "side": "right"}},
            hovertemplate="training step %{y}, t = %{x}: 10^%{z:.2f}<extra></extra>",
        )
    )  # fmt: skip
    for name, start in later_parts.items():
        figure.add_vline(x=start - 0.5, line_dash="dash", annotation_text=name)
    figure.update_xaxes(title="time step t")
    figure.update_yaxes(title="training step", type="category")
    figure.update_layout(height=min(700, 200 + 24 * len(rows)), **layout())
    return figure


def weights_by_time(folder: Path, suffix: str = "") -> go.Figure | None:
    """Draws the norm of each time step's contribution to dL/dW_h at the first and the last probe; None without probes.

    suffix: "_decoder" for the second RNN of an encoder-decoder.
    """
    rows = _table(folder, f"grad_W_h{suffix}")
    if not rows:
        return None
    figure = go.Figure()
    for i, (step, values) in enumerate(dict([rows[0], rows[-1]]).items()):
        shown = np.where(values > 0, values, np.nan)
        line = {"color": COLOURS[i], "width": 2, "dash": "dash" if i == 0 and len(rows) > 1 else "solid"}
        figure.add_scatter(x=np.arange(len(shown)), y=shown, mode="lines", name=f"step {step:g}", line=line)
    figure.update_xaxes(title="time step t")
    figure.update_yaxes(title="norm of the part of dL/dW_h", type="log", exponentformat="power")
    figure.update_layout(height=360, **layout(beside=True))
    return figure


def _table(folder: Path, name: str) -> Probes:
    """Returns the rows of a profile file; empty if the run did not write it."""
    return [(row[0], np.array(row[1:])) for row in read_rows(folder / PROFILES / f"{name}.csv")]
