"""Figures of one run, from the files that it wrote."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from unrolled.record.quantities import LN_10
from unrolled.record.reach import Needed
from unrolled.record.run_record import RunRecord
from unrolled.record.tables import METRICS, PROFILES, read_rows, read_table

from .figures import COLOURS, DECADES, layout, stroke, text

MOST_PROBES = 60  # positions of the slider
FEW = 3  # points that make no curve
LAG = "lag: time steps before the last"
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
    shown: set[str] = set()
    last = 0
    for column, (_, names, baseline) in enumerate(panels, start=1):
        for i, name in enumerate(names):
            if name in series:
                steps, values = series[name]
                few = len(steps) < FEW
                mode, width = ("lines", 1) if i == 0 and not few else ("lines+markers", 2)
                kind = ("training", "validation")[i]
                figure.add_scatter(
                    x=steps, y=values, mode=mode, name=kind, legendgroup=kind, showlegend=kind not in shown,
                    line={"color": COLOURS[i], "width": width}, marker={"size": 10 if few else 6},
                    hovertemplate=f"{text(name)} %{{y:.4g}} at step %{{x}}<extra></extra>", row=1, col=column,
                )  # fmt: skip
                shown.add(kind)
                last = max(last, *steps)
        known = record.baseline.get(baseline)
        if known is not None:
            figure.add_hline(
                y=known, line_dash="dash", line_color="#777", row=1, col=column,  # type: ignore[arg-type]
                annotation_text=text(record.baseline_name),
            )  # fmt: skip
    figure.update_xaxes(title="training step (updates)")
    if last < FEW:
        figure.update_xaxes(range=[-0.5, FEW - 0.5], dtick=1)
    figure.update_layout(height=400, **layout(beside=True))
    return figure if any(name in series for _, names, _ in panels for name in names) else None


def slopes(folder: Path) -> go.Figure | None:
    """Draws the slope of each RNN over the probes; None if they are too few for a curve."""
    found = {name: each for name, each in metrics(folder).items() if name.endswith("/slope") and len(each[0]) >= FEW}
    if not found:
        return None
    figure = go.Figure()
    for i, (name, (steps, values)) in enumerate(sorted(found.items())):
        figure.add_scatter(
            x=steps, y=[value / LN_10 for value in values], customdata=values, mode="lines+markers", name=text(name),
            line=stroke(i), hovertemplate="step %{x}: %{y:+.3f} decades, %{customdata:+.3f} nats per lag",
        )  # fmt: skip
    figure.add_hline(y=0, line_dash="dot", line_color="#777")
    figure.update_xaxes(title="training step (updates)")
    figure.update_yaxes(title="slope, decades (powers of ten) per lag")
    figure.update_layout(height=360, **layout(beside=True))
    return figure


def profile_over_training(folder: Path, suffix: str = "", needs: Sequence[Needed] = ()) -> go.Figure | None:
    """Draws the profile by lag with a slider over the probed training steps; a dashed line keeps the first probe.

    suffix: "_decoder" for the second RNN of an encoder-decoder.
    needs: what the data need, a dotted line each.
    Returns None if there are no probes.
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
            hovertemplate="lag %{x}: 10<sup>%{y:.2f}</sup><extra></extra>",
        )  # fmt: skip
    steps = [
        {"label": f"{step:g}", "method": "restyle", "args": ["visible", [True, *(j == i for j in range(len(rows)))]]}
        for i, (step, _) in enumerate(rows)
    ]
    few = f" ({len(rows)} of {probes} probes)" if len(rows) < probes else ""
    shown = {"prefix": "training step ", "suffix": few}
    slider = {"active": len(rows) - 1, "steps": steps, "currentvalue": shown, "pad": {"t": 75}}
    for need in needs:
        named = text(f"{need.name} at lag {need.lag:g}")
        figure.add_vline(x=need.lag, line_dash="dot", line_color=COLOURS[1], annotation_text=named)
    figure.update_xaxes(title=LAG)
    figure.update_yaxes({"title": "norm of dL/dh at this lag / at lag 0", **DECADES})
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
            z=np.stack([values for _, values in rows]) / LN_10, x=_lags(rows), y=[f"{step:g}" for step, _ in rows],
            colorscale="Viridis",
            colorbar={"title": {"text": "norm of dL/dh<sub>t</sub>", "side": "right"}, **DECADES},
            hovertemplate="training step %{y}, lag %{x}: 10<sup>%{z:.2f}</sup><extra></extra>",
        )
    )  # fmt: skip
    for name, start in later_parts.items():
        figure.add_vline(x=_lags(rows)[0] - start + 0.5, line_dash="dash", annotation_text=f"{name} to the left")
    figure.update_xaxes(title=LAG)
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
        figure.add_scatter(x=_lags(rows), y=shown, mode="lines", name=f"step {step:g}", line=line)
    figure.update_xaxes(title=LAG)
    figure.update_yaxes(title="norm of the part of dL/dW<sub>h</sub>", type="log", exponentformat="power")
    figure.update_layout(height=360, **layout(beside=True))
    return figure


def _lags(rows: Probes) -> np.ndarray:
    """Returns the lag of each time step, in order of time: on every figure further right is further back."""
    return np.arange(len(rows[0][1]))[::-1]


def _table(folder: Path, name: str) -> Probes:
    """Returns the rows of a profile file; empty if the run did not write it."""
    return [(row[0], np.array(row[1:])) for row in read_rows(folder / PROFILES / f"{name}.csv")]
