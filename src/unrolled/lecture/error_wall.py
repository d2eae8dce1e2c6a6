"""The error wall: a loss that jumps, the gradient on it, and what clipping saves.

Pascanu, Mikolov & Bengio 2013, fig. 6: one unit x_t = w s(x_{t-1}) + b with the logistic s, x_0 = 0.5, and the loss
(s(x_50) - 0.7)^2.
"""

import math
from dataclasses import dataclass

import plotly.graph_objects as go
import torch
from torch import Tensor

from unrolled.report.figures import COLOURS, layout
from unrolled.report.shell import Section

from .demo import Demo, stroke

X_0, TARGET, T = 0.5, 0.7, 50
W_RANGE, B_RANGE, POINTS = (4.0, 7.0), (-4.0, -1.0), 181
START_W = 5.0
RATE, THRESHOLD, STEPS = 0.05, 1.0, 30
BESIDE = 0.01


def loss_and_gradient(w: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The loss, dL/dw and dL/db at each (w, b), float64 of one shape: by autograd through the unrolled loop."""
    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()
    x = torch.full_like(w, X_0)
    for _ in range(T):
        x = w * torch.sigmoid(x) + b
    loss = (torch.sigmoid(x) - TARGET).square()
    dw, db = torch.autograd.grad(loss.sum(), (w, b))
    return loss.detach(), dw, db


def wall(w: float) -> float:
    """The b at which x_0 is itself a fixed point: b = x_0 - w s(x_0).

    Where that fixed point repels, w s'(x_0) > 1, all states above it end high and all below it end low.
    """
    return X_0 - w / (1 + math.exp(-X_0))


@dataclass(frozen=True)
class Descent:
    """Gradient descent from the start: (w, b), loss and gradient norm before each update, the last without one."""

    points: list[tuple[float, float]]
    losses: list[float]
    norms: list[float]


def descent(threshold: float | None, steps: int = STEPS) -> Descent:
    """From the wall at w = 5. threshold: a longer gradient is scaled to it (eq. 11 of the paper); None: none is."""
    w, b = (torch.tensor(value, dtype=torch.float64) for value in (START_W, wall(START_W)))
    points, losses, norms = [], [], []
    for _ in range(steps + 1):
        loss, dw, db = loss_and_gradient(w, b)
        norm = math.hypot(float(dw), float(db))
        points.append((float(w), float(b)))
        losses.append(float(loss))
        norms.append(norm)
        rate = RATE if threshold is None or norm <= threshold else RATE * threshold / norm
        w, b = w - rate * dw, b - rate * db
    return Descent(points, losses, norms)


def demo() -> Demo:
    w, b = (torch.linspace(*span, POINTS, dtype=torch.float64) for span in (W_RANGE, B_RANGE))
    grid_w, grid_b = torch.meshgrid(w, b, indexing="xy")
    loss, dw, db = loss_and_gradient(grid_w, grid_b)
    free, clipped = descent(None), descent(THRESHOLD)
    sections = (
        Section(
            "A loss with a wall",
            "The same unit, fifty times in a row, and its loss over its two parameters. Two flat floors meet in a wall: "
            "on one side the state settles high, on the other side low.",
            _surface(w, b, loss),
            (f"The loss runs from {float(loss.min()):.1g} to {float(loss.max()):.2f} and nearly all of that at once.",),
        ),
        Section(
            "One step from the wall",
            "The gradient on the wall is huge, and right next to it small. One step along it throws the parameters out "
            "of the picture; clipped to length 1 it points the same way and stays in sight.",
            _steps(w, b, torch.hypot(dw, db), free, clipped),
            _norms(free, clipped),
        ),
        Section(
            "And then",
            "After the long step the unit is saturated: its gradient is nothing, and no later step brings it back. "
            "The clipped descent meets the wall again and survives it each time.",
            _course(free, clipped),
            (
                f"After {STEPS} steps: loss {free.losses[-1]:.4f} without clipping, {clipped.losses[-1]:.4f} with it; "
                f"the lowest on the way {min(free.losses):.4f} and {min(clipped.losses):.4f}.",
                f"Without clipping the gradient after the first step has norm {free.norms[1]:.1e}.",
            ),
        ),
    )
    return Demo(
        "The error wall",
        "Why one exploding gradient undoes all training before it, and why a clipped one does not. One unit, two "
        "parameters, 50 time steps (Pascanu, Mikolov & Bengio 2013, fig. 6).",
        sections,
    )


def _norms(free: Descent, clipped: Descent) -> tuple[str, ...]:
    start_w, start_b = free.points[0]
    beside = torch.tensor([start_b - BESIDE, start_b + BESIDE], dtype=torch.float64)
    _, dw, db = loss_and_gradient(torch.full_like(beside, start_w), beside)
    below, above = torch.hypot(dw, db).tolist()
    lands = free.points[1]
    return (
        f"On the wall, at w = {start_w:g} and b = {start_b:.4f}, the gradient has norm {free.norms[0]:.0f}. "
        f"A hundredth in b below it has {below:.2f}, a hundredth above {above:.2f}.",
        f"Without clipping, at learning rate {RATE:g}, the step is {RATE * free.norms[0]:.1f} long and ends at "
        f"w = {lands[0]:.1f}, b = {lands[1]:.1f}. Clipped to norm {THRESHOLD:g} it is "
        f"{math.dist(*clipped.points[:2]):.2f} long.",
    )


def _surface(w: Tensor, b: Tensor, loss: Tensor) -> go.Figure:
    figure = go.Figure(
        go.Surface(
            x=w.tolist(), y=b.tolist(), z=loss.tolist(), colorscale="Cividis",
            colorbar={"title": {"text": "loss", "side": "right"}},
            hovertemplate="w %{x:.2f}, b %{y:.2f}: loss %{z:.4f}<extra></extra>",
        )
    )  # fmt: skip
    axes = {"xaxis_title": "w", "yaxis_title": "b", "zaxis_title": "loss (s(x_50) - 0.7)^2"}
    figure.update_layout(height=620, scene={**axes, "camera": {"eye": {"x": 1.2, "y": -1.7, "z": 0.9}}}, **layout(None))
    return figure


def _steps(w: Tensor, b: Tensor, norms: Tensor, free: Descent, clipped: Descent) -> go.Figure:
    figure = go.Figure(
        go.Heatmap(
            x=w.tolist(), y=b.tolist(), z=norms.log10().tolist(), colorscale="Greys",
            colorbar={"title": {"text": "log10 of the gradient's norm", "side": "right"}},
            hovertemplate="w %{x:.2f}, b %{y:.2f}: 10^%{z:.1f}<extra></extra>",
        )
    )  # fmt: skip
    ends = [4.0 / (1 - math.tanh(X_0 / 2) ** 2), W_RANGE[1]]  # from w s'(x_0) = 1 on
    figure.add_scatter(
        x=ends, y=[wall(end) for end in ends], mode="lines", name="x_0 is a repelling fixed point", line=stroke(1)
    )
    for i, (name, course) in enumerate({"one step without clipping": free, "20 steps, clipped": clipped}.items()):
        points = course.points[: 2 if course is free else 21]
        figure.add_scatter(
            x=[point[0] for point in points], y=[point[1] for point in points], name=name, mode="lines+markers",
            line=stroke(4 * i), marker={"size": 8, "symbol": i},
        )  # fmt: skip
    figure.update_xaxes(title="w", range=W_RANGE)
    figure.update_yaxes(title="b", range=B_RANGE)
    figure.update_layout(height=560, **layout(None))
    return figure


def _course(free: Descent, clipped: Descent) -> go.Figure:
    figure = go.Figure()
    for i, (name, course) in enumerate({"without clipping": free, "clipped to norm 1": clipped}.items()):
        figure.add_scatter(y=course.losses, mode="lines+markers", name=name, line=stroke(i), marker={"symbol": i})
    figure.add_hline(y=(1 - TARGET) ** 2, line={"color": COLOURS[7], "dash": "dot", "width": 1})
    figure.update_xaxes(title="updates")
    figure.update_yaxes(title="loss", type="log", exponentformat="power")
    figure.update_layout(height=420, **layout(None))
    return figure
