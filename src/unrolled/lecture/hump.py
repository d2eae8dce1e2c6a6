"""Transient growth: a matrix with eigenvalues below 1, whose powers first grow.

W = [[0.9, 10], [0, 0.9]] is as far from normal as can be. The spectral radius gives the norm of W^n in the long run,
not on the way there; the pseudospectrum does (Trefethen & Embree 2005, chapter 14).
"""

import math

import plotly.graph_objects as go
import torch
from torch import Tensor

from unrolled.report.figures import COLOURS, layout, stroke
from unrolled.report.shell import Section
from unrolled.rnn import RNN, Tape

from .demo import Demo

W = ((0.9, 10.0), (0.0, 0.9))
MOST = 100
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
            "Both eigenvalues are 0.9, so in the end everything shrinks by a tenth per step. But first the norm rises "
            "to almost forty; whoever looks at the eigenvalues alone does not see it coming.",
            _growth(grown, gradients(), rho, sigma),
            (
                f"rho = {rho:g}; largest singular value {sigma:z.3f}. "
                f"The norm of W^n peaks at {float(grown[peak]):z.2f} at n = {peak} "
                f"and is below 1 only from n = {last + 1} on.",
                f"ln rho = {math.log(rho):z.4f} nats per step is the slope in the end; the bound by the singular value "
                f"is {math.log(sigma):+z.4f}, and is met by the first step alone.",
            ),
        ),
        Section(
            "Eigenvalues that a breath moves",
            "Inside each contour lie the eigenvalues that a change of W of that size can make. A thousandth is enough "
            "to reach 1, where nothing shrinks any more; and the largest entry is 10.",
            _pseudospectrum(),
            (f"A change of norm {to_one:.2e} puts an eigenvalue at 1; the matrix itself has norm {sigma:z.2f}.",),
        ),
    )
    return Demo(
        "A hump: growth with all eigenvalues below 1",
        "The spectral radius tells how a gradient ends. Where W_h is not normal, it may explode on its way there.",
        sections,
    )


def _growth(grown: Tensor, by_lag: Tensor, rho: float, sigma: float) -> go.Figure:
    n = list(range(len(grown)))
    drawn = {
        "norm of W^n": grown.tolist(),
        "norm of dL/dh at lag n, by backpropagation": by_lag.tolist(),
        "rho^n": [rho**k for k in n],
        "sigma_max^n, the bound": [sigma**k for k in n],
    }
    figure = go.Figure()
    for i, (name, values) in enumerate(drawn.items()):
        figure.add_scatter(x=n, y=values, name=name, mode="lines", line=stroke(i))
    figure.add_hline(y=1, line={"width": 1, "color": "black"})
    figure.update_xaxes(title="n, steps back in time")
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
            colorbar={"title": {"text": "log10 of the change of W that is needed", "side": "right"}},
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
    figure.update_layout(height=620, **layout())
    return figure
