"""Gradient profiles by time step, for networks whose loss reads every state."""

import numpy as np
import plotly.graph_objects as go

from unrolled.record.results import Swept
from unrolled.record.tables import PROFILES, read_rows

from .configurations import Group, groups
from .figures import layout, stroke, text

MOST = 8  # configurations in one figure


def profiles_by_time(swept: Swept) -> go.Figure | None:
    """Draws the RMS norm of dL/dh_t at the last probe by time step, a line per configuration (geometric mean).

    A dotted line marks the first time step of a decoder. An encoder-decoder's loss reads every state of the decoder.
    None if every loss reads only the last state: then the profiles by lag show the same and more.
    """
    configurations = _of_every_state(swept)[:MOST]
    if not configurations:
        return None
    figure = go.Figure()
    for i, each in enumerate(configurations):
        curve = _curve(each)
        if curve is None:
            continue
        figure.add_scatter(
            x=np.arange(len(curve)), y=curve, name=text(each.name), mode="lines", line=stroke(i),
            hovertemplate=f"{text(each.name)}, t = %{{x}}: %{{y:.3g}}<extra></extra>",
        )  # fmt: skip
        for name, start in each.first.later_parts.items():
            figure.add_vline(x=start - 0.5, line_dash="dot", line_color=stroke(i)["color"], annotation_text=name)
    figure.update_xaxes(title="time step t")
    figure.update_yaxes(title="norm of dL/dh<sub>t</sub> (RMS over samples)", type="log", exponentformat="power")
    figure.update_layout(height=420, **layout(beside=True))
    return figure


def not_drawn(swept: Swept) -> list[str]:
    """Returns a line if there are more configurations than the figure draws."""
    count = len(_of_every_state(swept))
    return [f"Drawn are the first {MOST} of {count} configurations."] if count > MOST else []


def _of_every_state(swept: Swept) -> list[Group]:
    return [each for each in groups(swept) if each.first.every_state or each.first.later_parts]


def _curve(each: Group) -> np.ndarray | None:
    """Returns (T,), exp of the mean over runs of ln RMS; nan where it is missing or exactly 0. None without probes."""
    found = (read_rows(run.folder / PROFILES / "grad_h.csv") for run in each.runs)
    rows = [np.array(probes[-1][1:]) for probes in found if probes]
    if not rows:
        return None
    with np.errstate(divide="ignore"):
        logs = np.log(np.stack(rows)).mean(0)
    return np.where(np.isfinite(logs), np.exp(logs), np.nan)
