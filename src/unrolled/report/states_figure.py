"""The gradients of h_t and of c_t beside one another, for a layer with two states."""

from pathlib import Path

import numpy as np
import plotly.graph_objects as go

from unrolled.record.quantities import LN_10
from unrolled.record.tables import PROFILES, read_rows

from .figures import COLOURS, DECADES, layout
from .run_figures import LAG

STATES = {"h": "dL/dh<sub>t</sub>", "c": "dL/dc<sub>t</sub>"}


def states_apart(folder: Path) -> go.Figure | None:
    """Draws log10 of the norm of dL/dh_t and of dL/dc_t by lag, at the first probe (dashed) and at the last.

    folder: of the run.
    Returns None for a layer with one state. Exact zeros stay empty.
    """
    rows = {state: list(read_rows(folder / PROFILES / f"grad_{state}_log.csv")) for state in STATES}
    if not all(rows.values()):
        return None
    figure = go.Figure()
    for colour, (state, name) in zip(COLOURS, STATES.items(), strict=False):
        probes = {row[0]: row[1:] for row in (rows[state][0], rows[state][-1])}
        for i, (step, values) in enumerate(probes.items()):
            curve = np.array(values)[::-1] / LN_10
            line = {"color": colour, "width": 2, "dash": "dash" if i == 0 and len(probes) > 1 else "solid"}
            figure.add_scatter(
                x=np.arange(len(curve)), y=curve, mode="lines", name=f"{name}, step {step:g}", line=line,
                hovertemplate="lag %{x}: 10<sup>%{y:.2f}</sup><extra></extra>",
            )  # fmt: skip
    figure.update_xaxes(title=LAG)
    figure.update_yaxes({"title": "norm of the gradient", **DECADES})
    figure.update_layout(height=420, **layout(beside=True))
    return figure
