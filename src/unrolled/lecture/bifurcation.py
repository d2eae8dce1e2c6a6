"""Bifurcation of one unit: its fixed points against its bias, where they appear in pairs, and the gradient.

x = w s(x) + b with the logistic s (Pascanu, Mikolov & Bengio 2013, section 2.2; Doya 1993).
"""

import math

import numpy as np
import plotly.graph_objects as go
from markupsafe import Markup
from plotly.subplots import make_subplots

from unrolled.report.figures import layout, stroke
from unrolled.report.shell import Section

from .demo import Demo
from .error_wall import X_0, wall

W = 5.0
B_RANGE = (-3.2, -1.8)
LENGTHS = (10, 25, 50)
APART = 1e-3


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def saddle_nodes(w: float) -> list[tuple[float, float]]:
    """Computes (b, x) where two fixed points meet, the lower b first: w s'(x) = 1 and x = w s(x) + b.

    s' = s (1 - s) turns the first equation into a quadratic for s(x).
    Raises ValueError for w <= 4: f is too flat there.
    """
    if w <= 4:
        raise ValueError(f"w={w}: two fixed points meet only where w is above 4")
    values = [(1 + sign * math.sqrt(1 - 4 / w)) / 2 for sign in (1, -1)]
    states = [math.log(s / (1 - s)) for s in values]
    return [(x - w * s, x) for x, s in zip(states, values, strict=True)]


def gradient(w: float, b: np.ndarray, steps: int) -> np.ndarray:
    """Computes log10 of dx_T/dx_0 from x_0 = 0.5: the sum over the steps of log10 w s'(x_t).

    b: biases, of any shape, which the result has too.
    steps: T.
    """
    x, total = np.full_like(b, X_0), np.zeros_like(b)
    for _ in range(steps):
        s = sigmoid(x)
        total += np.log10(w * s * (1 - s))
        x = w * s + b
    return total


def orbit(w: float, b: float, steps: int) -> list[float]:
    """Computes the states x_0 ... x_T."""
    states = [X_0]
    for _ in range(steps):
        states.append(w / (1 + math.exp(-states[-1])) + b)
    return states


def demo() -> Demo:
    (low_b, high_x), (high_b, low_x) = saddle_nodes(W)
    edge = wall(W)
    steepest = float(gradient(W, np.array([edge]), 50)[0])
    sections = (
        Section(
            "Where the unit can rest, and what its gradient does",
            "Above: the states at which the unit can stay, against its bias. Between the two dotted lines there are "
            "three, and the middle one repels. Below: how much the first state still counts after T steps. In the long "
            "run it explodes only where the start sits on the repelling branch.",
            _branches(),
            (
                f"At w = {W:g} fixed points meet at b = {low_b:z.4f} (x = {high_x:z.4f}) and at b = {high_b:z.4f} "
                f"(x = {low_x:z.4f}); there the slope w s'(x) of the map is 1.",
                Markup(
                    f"x<sub>0</sub> = {X_0} lies on the repelling branch at b = {edge:z.4f}: there "
                    f"dx<sub>50</sub>/dx<sub>0</sub> = {10**steepest:z.0f}."
                ),
            ),
        ),
        Section(
            "A thousandth to each side",
            "Three biases, a thousandth apart, from the same start. They stay together for a while; then one goes up "
            "and one goes down. What a loss sees at the end jumps, and that jump is the error wall.",
            _orbits(edge),
            (
                f"After 50 steps x is {orbit(W, edge + APART, 50)[-1]:z.3f} above "
                f"and {orbit(W, edge - APART, 50)[-1]:z.3f} below.",
            ),
        ),
    )
    return Demo(
        "A bifurcation, and the gradient beside it",
        Markup(
            "Where the error wall comes from. One unit, x<sub>t</sub> = w s(x<sub>t-1</sub>) + b with the logistic "
            f"function s(x) = 1 / (1 + e<sup>-x</sup>), x<sub>0</sub> = {X_0:g} and w = {W:g}: a small change of b "
            "moves the state to another resting place. The gradient explodes at the border between the two, and "
            "vanishes at either of them (Pascanu, Mikolov & Bengio 2013, section 2.2; Doya 1993)."
        ),
        sections,
    )


def _branches() -> go.Figure:
    (low_b, high_x), (high_b, low_x) = saddle_nodes(W)
    figure = make_subplots(2, 1, shared_xaxes=True, vertical_spacing=0.14)
    branches = {
        "attracts, high": (high_x, 4.0), "repels": (low_x, high_x), "attracts, low": (-4.0, low_x),
    }  # fmt: skip
    for i, (name, ends) in enumerate(branches.items()):
        x = np.linspace(*ends, 300)
        figure.add_scatter(x=x - W * sigmoid(x), y=x, name=name, mode="lines", line=stroke(i), row=1, col=1)
    b = np.unique(np.append(np.linspace(*B_RANGE, 1401), wall(W)))
    for i, steps in enumerate(LENGTHS, start=len(branches)):
        figure.add_scatter(
            x=b,
            y=gradient(W, b, steps),
            name=f"T = {steps}",
            mode="lines",
            line=stroke(i),
            legend="legend2",
            row=2,
            col=1,
        )
    for at in (low_b, high_b):
        figure.add_vline(x=at, line={"dash": "dot", "width": 1, "color": "black"})
    figure.add_hline(y=0, line={"width": 1, "color": "black"}, row=2, col=1)  # type: ignore[arg-type]
    figure.update_xaxes(range=B_RANGE)
    figure.update_xaxes(title="b", row=2, col=1)
    figure.update_yaxes(title="fixed point x*", row=1, col=1)
    figure.update_yaxes(title="log<sub>10</sub> of dx<sub>T</sub>/dx<sub>0</sub>", range=[-30, 5], row=2, col=1)
    figure.update_layout(height=800, **layout())
    figure.update_layout(legend2={"orientation": "h", "y": 0.43, "yanchor": "bottom"})  # above the lower panel
    return figure


def _orbits(edge: float) -> go.Figure:
    figure = go.Figure()
    for i, b in enumerate((edge + APART, edge, edge - APART)):
        figure.add_scatter(y=orbit(W, b, 50), name=f"b = {b:z.4f}", mode="lines", line=stroke(i))
    figure.update_xaxes(title="time step t")
    figure.update_yaxes(title="state x<sub>t</sub>")
    figure.update_layout(height=420, **layout())
    return figure
