"""Six panels of one recurrent layer: what its gradients do over the lags, and what theory and W_h say beside it."""

import json
import math
from pathlib import Path

import numpy as np
from torch import Tensor

from unrolled.gradients.diagnosis import Diagnosis
from unrolled.gradients.portrait import Portrait
from unrolled.record.quantities import PREDICTORS
from unrolled.training.measurement import evidence_of

from .profile_panel import LN_10, draw_profile

DASHES = {"dash": "--", "dashdot": "-.", "dot": ":"}  # as matplotlib has them
WIDTH = 0.8


def write_portrait(  # noqa: PLR0917
    file: Path, title: str, told: Diagnosis, seen: Portrait | None, real: Tensor | None = None, bits: int = 32
) -> Path | None:
    """Writes `file`, a .json of the evidence and all curves, and the picture beside it as .png and .svg.

    seen: None where the state is not finite: then there is no picture, and None is returned. Else that of the .png.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    values = {"title": title, **evidence_of(told), "portrait": seen.plain() if seen else None}
    file.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    return draw_portrait(file.with_suffix(".png"), title, told, seen, real, bits) if seen else None


def draw_portrait(  # noqa: PLR0917
    file: Path, title: str, told: Diagnosis, seen: Portrait, real: Tensor | None, bits: int = 32
) -> Path:
    """Writes `file`, a .png, and the same as .svg; returns the first.

    real, bits: training's own profile, as in `draw_profile`.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure  # not pyplot: no global state, no display

    figure = Figure(figsize=(15, 8.5), layout="constrained")
    axes = figure.subplots(2, 3)
    (top_left, top, top_right), (left, bottom, right) = axes
    draw_profile(top_left, told, real, bits)
    _singular_values(top, seen)
    _cone(top_right, seen)
    _spectrum(left, seen)
    _eigenvalues(bottom, seen, told.seen.f.gamma)
    _memory(right, seen)
    figure.suptitle(f"{title}\n{told.explanation}", fontsize=10, wrap=True)
    with rc_context({"svg.hashsalt": "unrolled"}):  # else the same picture has other names in it each time
        figure.savefig(file.with_suffix(".svg"), metadata={"Date": None})
    figure.savefig(file, dpi=110)
    return file


def _singular_values(axes, seen: Portrait) -> None:
    lags, ln = seen.lags.numpy(), _log10(seen.ln_singular)
    for i in range(ln.shape[1]):
        axes.plot(lags, ln[:, i], color="#0072B2", linewidth=WIDTH, alpha=max(0.15, min(0.8, 8 / ln.shape[1])))
    low, high = np.nanmin(ln), np.nanmax(ln)
    for key, each in PREDICTORS.items():
        slope = getattr(seen.predictions, key)
        if math.isfinite(slope):
            label = f"{each.tex} = {slope:+z.3f}"
            axes.plot(lags, slope * lags / LN_10, color=each.colour, linestyle=DASHES[each.dash], label=label)
    room = 0.1 * (high - low) + 0.5
    axes.set_ylim(low - room, high + room + 0.3 * max(0.0, seen.predictions.bound * lags[-1] / LN_10 - high))
    axes.set(title="Singular values of dh_T/dh_{T-k}", xlabel="lag k", ylabel="log10")
    axes.legend(fontsize=8)


def _cone(axes, seen: Portrait) -> None:
    values = np.ma.masked_invalid(_log10(seen.ln_cone))
    axes.set_facecolor("lightgrey")
    T, rows = values.shape[1], np.arange(values.shape[0] + 1) - 0.5
    image = axes.pcolormesh(np.arange(T + 1) - 0.5, rows, values, cmap="viridis", rasterized=True)
    every = max(1, len(rows) // 8)
    axes.set_yticks(range(0, len(seen.sources), every), [str(int(s)) for s in seen.sources[::every]])
    what = "of its own loss" if seen.own_loss else "of a random direction"
    axes.set(title=f"Gradient cone {what}", xlabel="state t", ylabel="source s")
    axes.figure.colorbar(image, ax=axes, label="log10 of norm of dL_s/dh_t")


def _spectrum(axes, seen: Portrait) -> None:
    if seen.exponents is None or seen.half is None:
        axes.text(0.5, 0.5, seen.no_exponents, ha="center", va="center", wrap=True, transform=axes.transAxes)
    else:
        number = np.arange(1, len(seen.exponents) + 1)
        finite = np.isfinite(seen.exponents.numpy())
        half = seen.half.numpy()[finite]
        axes.errorbar(number[finite], seen.exponents.numpy()[finite], half, fmt=".", color="#0072B2", capsize=2)
        lost = int((~finite).sum())
        if lost:
            axes.text(0.98, 0.02, f"{lost} are -inf or lost", ha="right", transform=axes.transAxes, fontsize=8)
        axes.axhline(0, color="black", linewidth=WIDTH)
    axes.set(title="Lyapunov spectrum (95 % intervals)", xlabel="i", ylabel="nats per step")


def _eigenvalues(axes, seen: Portrait, gamma: float) -> None:
    angle = np.linspace(0, 2 * np.pi, 200)
    axes.plot(np.cos(angle), np.sin(angle), color="black", linewidth=WIDTH, label=r"$|\lambda| = 1$")
    if gamma != 1:
        axes.plot(
            np.cos(angle) / gamma, np.sin(angle) / gamma, color="grey", linestyle="--", label=r"$|\lambda| = 1/\gamma$"
        )
    real, imaginary = seen.eigenvalues.numpy().T
    axes.plot(real, imaginary, ".", color="#D55E00")
    axes.set_aspect("equal", adjustable="datalim")
    axes.set(title="Eigenvalues of W_h", xlabel="real part", ylabel="imaginary part")
    axes.legend(fontsize=8)


def _memory(axes, seen: Portrait) -> None:
    for ln, label, colour in ((seen.ln_dh, "dh_T/dh_{T-k}", "#0072B2"), (seen.ln_dtheta, "dh_T/dW_h", "#D55E00")):
        axes.plot(_log10(ln), color=colour, label=label)
    axes.set(title="What a state and what the weights do to the last state", xlabel="lag k", ylabel="log10 of the norm")
    axes.legend(fontsize=8)


def _log10(ln: Tensor) -> np.ndarray:
    """From natural logarithms; nan where there is no finite one."""
    values = ln.numpy() / LN_10
    return np.where(np.isfinite(values), values, np.nan)
