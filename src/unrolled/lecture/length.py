"""The gradient at the first step against the length of the sequence, in float32 and in log space.

It is dL/dh_1 relative to dL/dh_T, for a loss that reads the last state along a fixed direction; median over sequences.
"""

import math
from dataclasses import dataclass

import plotly.graph_objects as go
import torch
import torch.nn.functional as F
from plotly.subplots import make_subplots
from torch import Tensor

from unrolled.gradients import trajectory
from unrolled.gradients.log_pass import carry_back
from unrolled.processes.logs import announce
from unrolled.report.figures import layout, stroke
from unrolled.report.shell import Section
from unrolled.rnn import RNN, Tape
from unrolled.rnn.init import fan_in, recurrent, streams

from .demo import Demo

H, SAMPLES, LONGEST = 64, 15, 200  # an odd number of sequences: one of them is the median
INPUT_GAIN = 0.1  # sd of W_x x_t: weak, so that W_h decides
LENGTHS = tuple(sorted({round(2 * 100 ** (i / 24)) for i in range(25)}))
LOST = math.log10(2**-149)  # the least float32 above 0
NORM_LOST = LOST / 2
ACTIVATIONS, INITS, GAINS = ("tanh", "relu", "sigmoid"), ("orthogonal", "gaussian"), (0.9, 1.0, 1.5)


@dataclass(frozen=True)
class Curve:
    """log10 of the norm of dL/dh_1 over that of dL/dh_T at each of LENGTHS.

    exact: in log space.
    float32: as float32 computes it; -inf for 0.
    """

    exact: list[float]
    float32: list[float]


def network(activation: str, init: str, gain: float) -> RNN:
    """Draws a network, float32; two of the same init differ by the gain alone."""
    rnn, of = RNN(H, H, activation), streams(0, "lecture/")
    with torch.no_grad():
        rnn.W_h.copy_(recurrent(init, H, gain, of("W_h")))
        rnn.W_x.copy_(fan_in(H, H, INPUT_GAIN, of("W_x")))
    return rnn


def inputs() -> tuple[Tensor, Tensor]:
    """Draws x (T, B, H), white noise of variance 1, and dL/dh_T (B, H), of norm 1."""
    of = streams(0, "lecture/")
    x = torch.randn(LONGEST, SAMPLES, H, generator=of("x"))
    return x, F.normalize(torch.randn(SAMPLES, H, generator=of("direction")), dim=1)


def curve(rnn: RNN) -> Curve:
    """Computes the curve both ways; in float32 norms too are taken in float32, as by `h.grad.norm()`."""
    x, v = inputs()
    ends = torch.tensor(LENGTHS) - 1
    carried = carry_back(trajectory(rnn, x), ends, v.expand(len(ends), 1, SAMPLES, H).transpose(1, 2))
    exact = carried.ln_norm[:, 0].median(1).values / math.log(10)
    return Curve(exact.tolist(), [float(_in_float32(rnn, x[:T], v).log10()) for T in LENGTHS])


def _in_float32(rnn: RNN, x: Tensor, v: Tensor) -> Tensor:
    tape = Tape()
    torch.autograd.grad((rnn.unroll(x, tape=tape)[1] * v).sum(), rnn.W_h)
    assert tape.dh is not None
    return tape.dh[0].norm(dim=1).median()


def demo() -> Demo:
    keys = [(f, init, gain) for init in INITS for f in ACTIVATIONS for gain in GAINS]
    curves = {key: _announced(i, key, len(keys)) for i, key in enumerate(keys, start=1)}
    sections = (
        Section(
            "How much the first word counts",
            "Lines: the exact value, computed in log space. Marks: the value in float32; an open mark on the lower "
            "edge is an exact 0. Where float32 has only zeros, the line shows that the gradient still has a size.",
            _panels(curves),
            tuple(_line(key, found) for key, found in curves.items() if key[1] == "orthogonal"),
        ),
        Section(
            "Zero is not a size",
            f"A norm squares its entries: float32 has lost it at 10^{NORM_LOST:z.0f} already, and the gradient itself "
            f"at 10^{LOST:z.0f}. Beyond, a plot of norms shows a line that ends, not a gradient that does.",
            _logistic(curves["sigmoid", "orthogonal", 1.0]),
            (
                f"Logistic sigmoid, orthogonal W_h, gain 1: at T = {LONGEST} the gradient at the first step is "
                f"10^{curves['sigmoid', 'orthogonal', 1.0].exact[-1]:z.1f} of the last one's. The bound, a quarter per "
                f"step, is 10^{(LONGEST - 1) * math.log10(0.25):z.1f}.",
            ),
        ),
    )
    return Demo(
        "The first step's gradient against the length",
        f"Networks of {H} units before any training, driven by weak noise, the loss at the last step. Each further "
        "time step multiplies what reaches the first one: a gradient vanishes or explodes along a straight line.",
        sections,
    )


def _announced(i: int, key: tuple[str, str, float], of: int) -> Curve:
    announce(f"curve {i} of {of}: {key[0]}, {key[1]}, gain {key[2]:g}")
    return curve(network(*key))


def _line(key: tuple[str, str, float], found: Curve) -> str:
    gone = next((T for T, value in zip(LENGTHS, found.float32, strict=True) if math.isinf(value)), None)
    lost = f"; in float32 0 from T = {gone} on" if gone else ""
    return f"{key[0]}, {key[1]}, gain {key[2]:g}: 10^{found.exact[-1]:z.1f} at T = {LONGEST}{lost}."


def _panels(curves: dict[tuple[str, str, float], Curve]) -> go.Figure:
    figure = make_subplots(
        len(INITS), len(ACTIVATIONS), shared_xaxes=True, shared_yaxes=True, horizontal_spacing=0.02,
        vertical_spacing=0.09, subplot_titles=[f"{f}, {init}" for init in INITS for f in ACTIVATIONS],
        x_title="T, time steps", y_title="log<sub>10</sub> of ‖dL/dh<sub>1</sub>‖ / ‖dL/dh<sub>T</sub>‖",
    )  # fmt: skip
    floor = -50.0
    for (f, init, gain), found in curves.items():
        i, at = GAINS.index(gain), {"row": INITS.index(init) + 1, "col": ACTIVATIONS.index(f) + 1}
        _add(figure, found, f"gain {gain:g}", i, floor, shown=at == {"row": 1, "col": 1}, **at)
    figure.update_yaxes(range=[floor - 1, 20])
    figure.update_layout(height=680, **layout())
    return figure


def _logistic(found: Curve) -> go.Figure:
    figure = go.Figure()
    floor = 5 * math.floor(min(found.exact) / 5)
    _add(figure, found, "logistic, gain 1", 0, floor, shown=True)
    for i, (name, level) in enumerate({"least float32": LOST, "least norm in float32": NORM_LOST}.items(), start=1):
        figure.add_scatter(x=[2, LONGEST], y=[level] * 2, mode="lines", name=name, line=stroke(i))
    figure.update_xaxes(title="T, time steps")
    figure.update_yaxes(title="log<sub>10</sub> of ‖dL/dh<sub>1</sub>‖ / ‖dL/dh<sub>T</sub>‖", range=[floor - 3, 3])
    figure.update_layout(height=430, **layout())
    return figure


def _add(figure: go.Figure, found: Curve, name: str, i: int, floor: float, shown: bool, **at: int) -> None:  # noqa: PLR0917
    """Adds the exact line and the marks of float32; zeros are open marks at the floor."""
    figure.add_scatter(
        x=LENGTHS, y=found.exact, mode="lines", name=name, legendgroup=name, line=stroke(i), showlegend=shown, **at
    )
    zero = [math.isinf(value) for value in found.float32]
    symbols = [("circle", "square", "diamond")[i] + ("-open" if lost else "") for lost in zero]
    figure.add_scatter(
        x=LENGTHS, y=[floor if lost else value for lost, value in zip(zero, found.float32, strict=True)],
        mode="markers", name=f"{name}, float32", legendgroup=name, showlegend=shown,
        marker={"color": stroke(i)["color"], "symbol": symbols, "size": 7}, **at,
    )  # fmt: skip
