"""Chaos in two ReLU units: they compute the tent map, whose slope is m or -m everywhere.

h = relu(W h + b) with W = [[m, -2m], [m, -2m]] and b = [0, -1/2]. With z = h_1 - 2 h_2, z -> m z below 1/(2m), and
1 - m z above. Every step multiplies a small difference by m: the first exponent is ln m.
"""

import math
from collections.abc import Sequence

import plotly.graph_objects as go
import torch
from plotly.subplots import make_subplots
from torch import Tensor

from unrolled.gradients import Spectrum, lyapunov_spectrum
from unrolled.processes.logs import announce
from unrolled.report.figures import COLOURS, layout, stroke
from unrolled.report.shell import Section
from unrolled.rnn import RNN

from .demo import Demo

START = 0.37  # m stays below 2, at which binary floats collapse to 0
M = 1.9
SLOPES = tuple(round(0.8 + 0.1 * i, 1) for i in range(12))
STEPS = 600
NEAR, FOLLOWED = 1e-12, 60


def tent(m: float) -> RNN:
    """Builds the layer that computes the tent map, float64; it ignores its input."""
    rnn = RNN(1, 2, "relu").double()
    with torch.no_grad():
        rnn.W_x.zero_()
        rnn.W_h.copy_(torch.tensor([[m, -2 * m], [m, -2 * m]], dtype=torch.float64))
        rnn.b.copy_(torch.tensor([0.0, -0.5]))
    return rnn


@torch.no_grad()
def orbits(m: float, starts: Sequence[float], steps: int) -> Tensor:
    """Computes the states h (T + 1, B, 2), float64, from h_0 = (start, 0) for each start."""
    h0 = torch.tensor([[start, 0.0] for start in starts], dtype=torch.float64)
    h = tent(m)(torch.zeros(steps, len(starts), 1, dtype=torch.float64), h0)
    return torch.cat([h0.unsqueeze(0), h])


def exponents(m: float, steps: int = STEPS) -> Spectrum:
    """Computes both Lyapunov exponents, nats per step, by QR along the orbit."""
    h0 = torch.tensor([[START, 0.0]], dtype=torch.float64)
    return lyapunov_spectrum(tent(m), torch.zeros(steps, 1, 1, dtype=torch.float64), h0)


def demo() -> Demo:
    measured = [_announced(i, m) for i, m in enumerate(SLOPES, start=1)]
    worst = max(abs(float(spectrum.exponents[0]) - math.log(m)) for m, spectrum in zip(SLOPES, measured, strict=True))
    at, both = exponents(M), orbits(M, (START, START + NEAR), FOLLOWED)
    apart = (both[:, 1] - both[:, 0]).norm(dim=1)
    parted = int((apart > 0.1).nonzero()[0])
    sections = (
        Section(
            "An orbit that never repeats",
            "Two ReLU units without any input. What they compute is one number that is folded like dough: stretched by "
            "m, bent back where it gets too long.",
            _orbit(both[:, 0]),
            (
                f"m = {M}: in {FOLLOWED} steps z stays from {float(_z(both).min()):z.3f} "
                f"to {float(_z(both).max()):z.3f}.",
            ),
        ),
        Section(
            "The first Lyapunov exponent is ln m",
            "How fast a small difference grows on average: measured along the orbit, and the closed form. Above m = 1 "
            "every gradient explodes although z stays below one half.",
            _exponents(measured),
            (
                f"m = {M}: measured {float(at.exponents[0]):z.3f}, ln m = {math.log(M):z.3f} nats per step. "
                f"{_second(float(at.exponents[1]))}",
                f"Largest distance from ln m over {len(SLOPES)} values of m: {worst:.1g} nats per step.",
            ),
        ),
        Section(
            "Two neighbours part",
            "Two starts that differ in the twelfth digit. The distance grows as the gradient does, until after some "
            "forty steps they have nothing in common: here a gradient cannot help but explode.",
            _neighbours(apart),
            (f"{NEAR:g} apart at first, more than 0.1 apart after {parted} steps; m^t alone says "
             f"{math.ceil(math.log(0.1 / NEAR) / math.log(M))}.",),
        ),
    )  # fmt: skip
    return Demo(
        "Chaos in two ReLU units",
        "Exploding gradients need neither large weights nor large states. Two units, no input, and every small "
        "difference grows by the factor m at every step.",
        sections,
    )


def _announced(i: int, m: float) -> Spectrum:
    announce(f"measuring exponent {i} of {len(SLOPES)}, m = {m:g}")
    return exponents(m)


def _second(exponent: float) -> str:
    if math.isinf(exponent):
        return "There is no second exponent: two units carry one number, and a difference across it is gone at once."
    return f"The second exponent is {exponent:z.3f}."


def _z(h: Tensor) -> Tensor:
    return h[..., 0] - 2 * h[..., 1]


def _orbit(h: Tensor) -> go.Figure:
    z = _z(h).tolist()
    figure = make_subplots(1, 2, column_widths=[0.6, 0.4], horizontal_spacing=0.1)
    figure.add_scatter(y=z, mode="lines+markers", name="orbit", line=stroke(0, 1), row=1, col=1)
    corner = 1 / (2 * M)
    figure.add_scatter(
        x=[0, corner, 0.5], y=[0, 0.5, 1 - M / 2], mode="lines", name="the tent", line=stroke(1), row=1, col=2
    )
    figure.add_scatter(
        x=z[:-1], y=z[1:], mode="markers", name="step to step", marker={"color": COLOURS[0], "size": 8}, row=1, col=2
    )
    figure.update_xaxes(title="time step t", row=1, col=1)
    figure.update_yaxes(title="z<sub>t</sub>, which is h<sub>1</sub> - 2 h<sub>2</sub>", row=1, col=1)
    figure.update_xaxes(title="z<sub>t</sub>", row=1, col=2)
    figure.update_yaxes(title="z<sub>t+1</sub>", row=1, col=2)
    figure.update_layout(height=430, **layout())
    return figure


def _exponents(measured: list[Spectrum]) -> go.Figure:
    figure = go.Figure()
    figure.add_scatter(x=SLOPES, y=[math.log(m) for m in SLOPES], mode="lines", name="ln m", line=stroke(1))
    figure.add_scatter(
        x=SLOPES, y=[float(spectrum.exponents[0]) for spectrum in measured], mode="markers", name="measured by QR",
        marker={"color": COLOURS[0], "size": 9, "symbol": "circle-open", "line": {"width": 2}},
    )  # fmt: skip
    figure.add_hline(y=0, line={"width": 1, "dash": "dot", "color": "black"})
    figure.update_xaxes(title="m")
    figure.update_yaxes(title="first exponent, nats per step")
    figure.update_layout(height=430, **layout())
    return figure


def _neighbours(apart: Tensor) -> go.Figure:
    steps = list(range(len(apart)))
    figure = go.Figure()
    figure.add_scatter(x=steps, y=apart.tolist(), mode="lines+markers", name="distance of the two", line=stroke(0))
    figure.add_scatter(
        x=steps[:44],
        y=[NEAR * M**t for t in steps[:44]],
        mode="lines",
        name="10<sup>-12</sup> m<sup>t</sup>",
        line=stroke(1),
    )
    figure.update_xaxes(title="time step t")
    figure.update_yaxes(title="norm of the difference of the states", type="log", exponentformat="power")
    figure.update_layout(height=430, **layout())
    return figure
