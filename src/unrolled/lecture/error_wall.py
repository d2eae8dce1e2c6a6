"""The error wall: a loss that jumps, the gradient on it, and the effect of clipping.

One unit x_t = w s(x_{t-1}) + b with the logistic s, x_0 = 0.5, and the loss (s(x_50) - 0.7)^2 (Pascanu, Mikolov &
Bengio 2013, fig. 6).
"""

import math
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import torch
from markupsafe import Markup
from plotly.subplots import make_subplots
from torch import Tensor

from unrolled.report.figures import layout, stroke
from unrolled.report.shell import Section

from .demo import Demo

X_0, TARGET, T = 0.5, 0.7, 50
W_RANGE, B_RANGE, POINTS = (4.0, 7.0), (-4.0, -1.0), 151
START_W, CLOSE = 4.8, 0.006  # half the width of the close-up
RATE, THRESHOLD, STEPS = 0.02, 0.1, 100
BESIDE = 0.01
CUTS = (4.8, 5.0, 5.5)
_BESIDE_EACH = np.geomspace(1e-6, 0.1, 150).tolist()
OFFSETS = [*(-offset for offset in _BESIDE_EACH[::-1]), 0.0, *_BESIDE_EACH]  # in b, of the cuts


def loss_and_gradient(w: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Computes the loss, dL/dw and dL/db by autograd through the unrolled loop.

    w, b: float64, of one shape, which the results have too.
    """
    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()
    x = torch.full_like(w, X_0)
    for _ in range(T):
        x = w * torch.sigmoid(x) + b
    loss = (torch.sigmoid(x) - TARGET).square()
    dw, db = torch.autograd.grad(loss.sum(), (w, b))
    return loss.detach(), dw, db


def wall(w: float) -> float:
    """Computes the b at which x_0 is itself a fixed point: b = x_0 - w s(x_0).

    If that fixed point repels, w s'(x_0) > 1, all states above it end high and all below it end low.
    """
    return X_0 - w / (1 + math.exp(-X_0))


def along_b(w: float, offsets: list[float]) -> tuple[list[float], list[float]]:
    """Computes loss and norm of the gradient at this w, for each distance in b from the wall."""
    b = wall(w) + torch.tensor(offsets, dtype=torch.float64)
    loss, dw, db = loss_and_gradient(torch.full_like(b, w), b)
    return loss.tolist(), torch.hypot(dw, db).tolist()


@dataclass(frozen=True)
class Descent:
    """A gradient descent, before the first update and after each.

    points: (w, b).
    losses: the loss at each point.
    norms: norm of the gradient at each point.
    """

    points: list[tuple[float, float]]
    losses: list[float]
    norms: list[float]


def descent(threshold: float | None, steps: int = STEPS) -> Descent:
    """Runs gradient descent from the wall.

    threshold: a longer gradient is scaled to this norm (algorithm 1 of the paper); None = no clipping.
    steps: number of updates.
    """
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
    free, clipped = descent(None), descent(THRESHOLD)
    (below, above), _ = along_b(5.0, [-BESIDE, BESIDE])
    sections = (
        Section(
            "A loss with a wall",
            "The same unit, fifty times in a row, and its loss over its two parameters. Two floors, one high and one "
            "low, meet in a wall: on one side the state settles high, on the other side low.",
            _surface(),
            (
                f"At w = 5 the loss is {below:z.3f} where b is {BESIDE:g} below the wall, and {above:z.3f} where it is "
                f"{BESIDE:g} above.",
            ),
        ),
        Section(
            "How high, and how thin",
            "Cuts through the wall. The gradient is huge in a strip that is thinner than a thousandth, and small right "
            "beside it: a step size that suits the floor is far too long for the wall.",
            _cuts(),
            tuple(_cut_line(w) for w in CUTS),
        ),
        Section(
            "One step from the wall",
            "One step along that gradient throws the parameters out of the picture. Clipped by its norm it points the "
            f"same way and stays at the foot of the wall: on the right, that place {_enlarged():z.0f} times larger.",
            _steps(free, clipped),
            _norms(free, clipped),
        ),
        Section(
            "And then",
            "After the long step the unit is saturated: hardly any gradient is left to bring it back. The clipped "
            "descent is thrown about by the wall, but never far, and its loss falls.",
            _course(free, clipped),
            (
                f"After {STEPS} updates the loss is {free.losses[-1]:z.4f} without clipping and "
                f"{clipped.losses[-1]:z.4f} with it; both began at {free.losses[0]:z.4f}.",
                f"After the first update the gradient's norm is {free.norms[1]:.2g} without clipping.",
            ),
        ),
    )  # fmt: skip
    return Demo(
        "The error wall",
        Markup(
            "Why one exploding gradient undoes all training before it, and why a clipped one does not. One unit with "
            "two parameters, x<sub>t</sub> = w s(x<sub>t-1</sub>) + b with the logistic function s(x) = 1 / (1 + "
            f"e<sup>-x</sup>) and x<sub>0</sub> = {X_0:g}. After {T} time steps it is to answer {TARGET:g}: the loss "
            f"is (s(x<sub>{T}</sub>) - {TARGET:g})<sup>2</sup> (Pascanu, Mikolov & Bengio 2013, fig. 6)."
        ),
        sections,
    )


def _cut_line(w: float) -> str:
    _, (below, above) = along_b(w, [-BESIDE, BESIDE])
    return (
        f"w = {w:g}: the norm of the gradient reaches {peak(w):z,.0f} at the wall, near b = {wall(w):z.4f}. Where b is "
        f"{BESIDE:g} lower or higher it is {below:z.2g} or {above:z.2g}."
    )


def peak(w: float) -> float:
    """Computes the largest norm of the gradient on the cut that the figure shows."""
    return max(along_b(w, OFFSETS)[1])


def _enlarged() -> float:
    """Returns how many times larger the close-up shows w than the plane beside it."""
    return (W_RANGE[1] - W_RANGE[0]) / (2 * CLOSE)


def _norms(free: Descent, clipped: Descent) -> tuple[str, ...]:
    lands = free.points[1]
    return (
        f"The gradient at the start has norm {free.norms[0]:z.0f}. At learning rate {RATE:g} the step is "
        f"{math.dist(*free.points[:2]):z.2f} long and ends at w = {lands[0]:z.2f}, b = {lands[1]:z.2f}.",
        f"Clipped to norm {THRESHOLD:g} it is {math.dist(*clipped.points[:2]):z.3f} long.",
    )


def _loss_on(w_range: tuple[float, float], b_range: tuple[float, float]) -> dict[str, list[float]]:
    """Computes the loss on a grid: x, y, z for plotly."""
    w, b = (torch.linspace(*span, POINTS, dtype=torch.float64) for span in (w_range, b_range))
    loss, *_ = loss_and_gradient(*torch.meshgrid(w, b, indexing="xy"))
    return {"x": w.tolist(), "y": b.tolist(), "z": loss.tolist()}


def _surface() -> go.Figure:
    bar = {"title": {"text": "loss", "side": "right"}}
    figure = go.Figure(go.Surface(**_loss_on(W_RANGE, B_RANGE), colorscale="Cividis", colorbar=bar))
    axes = {"xaxis_title": "w", "yaxis_title": "b", "zaxis_title": "loss"}
    camera = {"eye": {"x": 1.5, "y": -1.3, "z": 0.8}}
    figure.update_layout(**{**layout(), "margin": {"l": 0, "r": 0, "t": 0, "b": 0}})
    figure.update_layout(height=560, scene={**axes, "camera": camera, "aspectratio": {"x": 1.1, "y": 1.1, "z": 0.8}})
    return figure


def _cuts() -> go.Figure:
    figure = go.Figure()
    for i, w in enumerate(CUTS):
        figure.add_scatter(x=OFFSETS, y=along_b(w, OFFSETS)[1], name=f"w = {w:g}", mode="lines", line=stroke(i))
    figure.update_xaxes(title="distance from the wall in b", range=[-0.05, 0.05])
    figure.update_yaxes(title="norm of the gradient in (w, b)", type="log", exponentformat="power", dtick=1)
    figure.update_layout(height=430, **layout())
    return figure


def _steps(free: Descent, clipped: Descent) -> go.Figure:
    w, b = free.points[0]
    spans = (W_RANGE, B_RANGE), ((w - CLOSE, w + CLOSE), (b - CLOSE, b + CLOSE))
    figure = make_subplots(1, 2, subplot_titles=["the plane", "close to the start"], horizontal_spacing=0.1)
    edge = [max(W_RANGE[0], math.cosh(X_0 / 2) ** 2 * 4), W_RANGE[1]]  # w s'(x_0) = 1 at its lower end
    for column, (w_span, b_span) in enumerate(spans, start=1):
        at = {"row": 1, "col": column}
        figure.add_heatmap(**_loss_on(w_span, b_span), coloraxis="coloraxis", **at)
        shown = {"showlegend": column == 1, "mode": "lines+markers", **at}
        for i, (name, points) in enumerate(
            {
                "where x<sub>0</sub> is a repelling fixed point": [(end, wall(end)) for end in edge],
                "one step without clipping": free.points[:2],
                f"{STEPS} steps, clipped": clipped.points,
            }.items()
        ):
            x, y = zip(*points, strict=True)
            figure.add_scatter(
                x=x, y=y, name=name, line=stroke((7, 1, 4)[i], 1.5),
                marker={"size": (1, 9, 5)[i], "symbol": i}, **shown,
            )  # fmt: skip
        figure.update_xaxes({"title": "w", "range": w_span}, **at)  # type: ignore[arg-type]
        figure.update_yaxes({"title": "b", "range": b_span}, **at)  # type: ignore[arg-type]
    bar = {"title": {"text": "loss", "side": "right"}}
    figure.update_layout(height=520, coloraxis={"colorscale": "Blues", "colorbar": bar}, **layout())
    figure.update_layout(legend_y=1.1)
    return figure


def _course(free: Descent, clipped: Descent) -> go.Figure:
    figure = go.Figure()
    for i, (name, course) in enumerate({"without clipping": free, f"clipped to norm {THRESHOLD:g}": clipped}.items()):
        figure.add_scatter(y=course.losses, mode="lines", name=name, line={**stroke(i), "dash": "solid"})
    figure.update_xaxes(title="updates")
    figure.update_yaxes(title="loss", type="log", exponentformat="power", dtick=1)
    figure.update_layout(height=420, **layout())
    return figure
