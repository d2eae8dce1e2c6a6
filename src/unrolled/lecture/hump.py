"""Transient growth: a matrix with eigenvalues below 1, whose powers first grow.

W = [[0.9, 10], [0, 0.9]] is as far from normal as can be. The spectral radius gives the norm of W^n in the long run,
not on the way there; the pseudospectrum does (Trefethen & Embree 2005, chapter 14).
"""

import math

import plotly.graph_objects as go
import torch
from markupsafe import Markup
from torch import Tensor

from unrolled.report.figures import COLOURS, layout, stroke
from unrolled.report.shell import Section
from unrolled.rnn import RNN, Tape

from .demo import Demo

W = ((0.9, 10.0), (0.0, 0.9))
MOST = 100
RHO, SIGMA = "\u03c1", "\u03c3<sub>max</sub>"
POWER = "W<sub>h</sub><sup>n</sup>"
REAL, IMAGINARY, POINTS = (-1.1, 2.1), (-1.1, 1.1), 161


def matrix() -> Tensor:
    return torch.tensor(W, dtype=torch.float64)


def norms(most: int = MOST) -> Tensor:
    """Computes the largest singular value of W^n for n = 0 ... most, (most + 1,)."""
    power, found = torch.eye(2, dtype=torch.float64), []
    for _ in range(most + 1):
        found.append(torch.linalg.matrix_norm(power, 2))
        power = power @ matrix()
    return torch.stack(found)


def gradients(steps: int = MOST) -> Tensor:
    """Computes the norm of dL/dh_t by lag, (steps + 1,), by the backward pass of a linear layer with W_h = W.

    L is the last state of the first unit.
    """
    rnn, tape = RNN(1, 2, "identity").double(), Tape()
    with torch.no_grad():
        rnn.W_h.copy_(matrix())
    last = rnn.unroll(torch.zeros(steps + 1, 1, 1, dtype=torch.float64), tape=tape)[1]
    torch.autograd.grad(last[0, 0], rnn.W_h)
    assert tape.dh is not None
    return tape.dh[:, 0].norm(dim=1).flip(0)


def resolvent(z: Tensor) -> Tensor:
    """Computes the smallest singular value of zI - W at each complex z: the least change that makes z an eigenvalue."""
    eye = torch.eye(2, dtype=torch.complex128)
    return torch.linalg.svdvals(z[..., None, None] * eye - matrix())[..., -1]


def demo() -> Demo:
    grown, eigenvalues = norms(), torch.linalg.eigvals(matrix()).abs()
    rho, sigma = float(eigenvalues.max()), float(torch.linalg.matrix_norm(matrix(), 2))
    peak, last = int(grown.argmax()), int((grown >= 1).nonzero()[-1])
    to_one = float(resolvent(torch.ones((), dtype=torch.complex128)))
    sections = (
        Section(
            "First it grows",
            f"Both eigenvalues are {rho:g}, so in the end everything shrinks by a tenth per step. But first the norm "
            f"rises to {float(grown[peak]):z.0f}: the eigenvalues alone do not show that.",
            _growth(grown, gradients(), rho, sigma),
            (
                Markup(
                    f"The spectral radius {RHO} is {rho:g}, the largest singular value {SIGMA} {sigma:z.1f}. The norm "
                    f"of {POWER} is largest, {float(grown[peak]):z.1f}, at n = {peak}, and below 1 only from "
                    f"n = {last + 1} on."
                ),
                f"ln {RHO} = {math.log(rho):z.2f} nats per step is the slope in the end. The bound, the logarithm of "
                f"the largest singular value, is {math.log(sigma):+z.2f}: only the first step reaches it.",
            ),
        ),
        Section(
            "Eigenvalues that a small change moves",
            Markup(
                "Inside each contour lie the eigenvalues that a change of W<sub>h</sub> of that size can make. A small "
                "one is enough to reach 1, where nothing shrinks any more."
            ),
            _pseudospectrum(),
            (f"A change of norm {to_one:.2g} puts an eigenvalue at 1; the matrix itself has norm {sigma:z.2f}.",),
        ),
    )
    return Demo(
        "A hump: growth with all eigenvalues below 1",
        Markup(
            "Two linear units, h<sub>t</sub> = W<sub>h</sub> h<sub>t-1</sub>, where W<sub>h</sub> has the rows "
            f"({W[0][0]:g}, {W[0][1]:g}) and ({W[1][0]:g}, {W[1][1]:g}). The spectral radius says how a gradient ends. "
            "W<sub>h</sub> is far from normal (it has a single eigenvector), and then a gradient can grow on its way."
        ),
        sections,
    )


def _growth(grown: Tensor, by_lag: Tensor, rho: float, sigma: float) -> go.Figure:
    n = list(range(len(grown)))
    drawn = {
        f"norm of {POWER}": grown.tolist(),
        "norm of dL/dh at lag n": by_lag.tolist(),
        f"{RHO}<sup>n</sup>": [rho**k for k in n],
        f"{SIGMA}<sup>n</sup>, the bound": [sigma**k for k in n],
    }
    figure = go.Figure()
    for i, (name, values) in enumerate(drawn.items()):
        figure.add_scatter(x=n, y=values, name=name, mode="lines", line=stroke(i))
    figure.add_hline(y=1, line={"width": 1, "color": "black"})
    figure.update_xaxes(title="lag n, steps back in time")
    figure.update_yaxes(title="norm", type="log", exponentformat="power", range=[-5, 3])
    figure.update_layout(height=480, **layout())
    return figure


def _pseudospectrum() -> go.Figure:
    real = torch.linspace(*REAL, POINTS, dtype=torch.float64)
    imaginary = torch.linspace(*IMAGINARY, POINTS, dtype=torch.float64)
    x, y = torch.meshgrid(real, imaginary, indexing="xy")
    size = resolvent(torch.complex(x, y)).clamp_min(1e-12).log10()
    figure = go.Figure(
        go.Contour(
            x=real.tolist(), y=imaginary.tolist(), z=size.tolist(), colorscale="Cividis",
            contours={"start": -4, "end": -1, "size": 0.5, "showlabels": True},
            colorbar={
                "title": {"text": "log<sub>10</sub> of the size of the change", "side": "top"},
                "orientation": "h", "yanchor": "top", "y": -0.12, "thickness": 14,
            },
        )
    )  # fmt: skip
    angle = torch.linspace(0, 2 * math.pi, 200)
    figure.add_scatter(x=angle.cos().tolist(), y=angle.sin().tolist(), mode="lines", name="unit circle", line=stroke(1))
    figure.add_scatter(
        x=[W[0][0]], y=[0], mode="markers", name="eigenvalue (twice)",
        marker={"symbol": "x", "size": 12, "color": COLOURS[7]},
    )  # fmt: skip
    figure.update_xaxes(title="real part of z", range=REAL, constrain="domain")
    figure.update_yaxes(title="imaginary part of z", range=IMAGINARY, scaleanchor="x", constrain="domain")
    figure.update_layout(height=680, **layout())
    return figure
