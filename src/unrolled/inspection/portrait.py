"""Draws six panels of one recurrent layer: its gradients by lag, with theory and the spectrum of W_h beside them."""

import json
import math
from pathlib import Path

import numpy as np
from torch import Tensor

from unrolled.gradients.diagnosis import Diagnosis
from unrolled.gradients.portrait import Portrait
from unrolled.record.quantities import PREDICTORS
from unrolled.rnn import ACTIVATIONS
from unrolled.training.measurement import diagnosis_values

from .profile_panel import LN_10, draw_profile

DASHES = {"dash": "--", "dashdot": "-.", "dot": ":"}  # plotly's names in matplotlib's signs
WIDTH = 0.8


def write_portrait(  # noqa: PLR0917
    file: Path,
    title: str,
    diagnosis: Diagnosis,
    portrait: Portrait | None,
    training_profile: Tensor | None = None,
    bits: int = 32,
) -> Path | None:
    """Writes the diagnosis and all curves into `file`, a .json, and the picture beside it as .png and .svg.

    portrait: None if the state is not finite; then there is no picture.
    training_profile, bits: as in `draw_profile`.

    Returns the path of the .png, or None.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    values = {"title": title, **diagnosis_values(diagnosis), "portrait": portrait.plain() if portrait else None}
    file.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    if portrait is None:
        return None
    return draw_portrait(file.with_suffix(".png"), title, diagnosis, portrait, training_profile, bits)


def draw_portrait(  # noqa: PLR0917
    file: Path, title: str, diagnosis: Diagnosis, portrait: Portrait, training_profile: Tensor | None, bits: int = 32
) -> Path:
    """Draws the picture into `file`, a .png, and into an .svg beside it; returns `file`.

    training_profile, bits: as in `draw_profile`.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure  # not pyplot: no global state, no display

    figure = Figure(figsize=(15, 8.5), layout="constrained")
    axes = figure.subplots(2, 3)
    (top_left, top, top_right), (left, bottom, right) = axes
    draw_profile(top_left, diagnosis, training_profile, bits)
    _singular_values(top, portrait)
    _cone(top_right, portrait)
    _spectrum(left, portrait)
    _eigenvalues(bottom, portrait, diagnosis)
    _memory(right, portrait)
    figure.suptitle(f"{title}\n{diagnosis.explanation}", fontsize=10, wrap=True)
    with rc_context({"svg.hashsalt": "unrolled"}):  # otherwise equal pictures differ in random ids
        figure.savefig(file.with_suffix(".svg"), metadata={"Date": None})
    figure.savefig(file, dpi=110)
    return file


def _singular_values(axes, portrait: Portrait) -> None:
    lags, ln = portrait.lags.numpy(), _log10(portrait.ln_singular)
    for i in range(ln.shape[1]):
        axes.plot(lags, ln[:, i], color="#0072B2", linewidth=WIDTH, alpha=max(0.15, min(0.8, 8 / ln.shape[1])))
    low, high = np.nanmin(ln), np.nanmax(ln)
    for key, each in PREDICTORS.items():
        slope = getattr(portrait.predictions, key)
        if math.isfinite(slope):
            label = f"{each.tex} = {slope:+z.3f}"
            axes.plot(lags, slope * lags / LN_10, color=each.colour, linestyle=DASHES[each.dash], label=label)
    room = 0.1 * (high - low) + 0.5
    axes.set_ylim(low - room, high + room + 0.3 * max(0.0, portrait.predictions.bound * lags[-1] / LN_10 - high))
    axes.set(title="Singular values of dh_T/dh_{T-k}", xlabel="lag k", ylabel="log10")
    if axes.get_legend_handles_labels()[1]:  # a gated layer may have no prediction
        axes.legend(fontsize=8)


def _cone(axes, portrait: Portrait) -> None:
    values = np.ma.masked_invalid(_log10(portrait.ln_cone))
    axes.set_facecolor("lightgrey")
    T, rows = values.shape[1], np.arange(values.shape[0] + 1) - 0.5
    image = axes.pcolormesh(np.arange(T + 1) - 0.5, rows, values, cmap="viridis", rasterized=True)
    every = max(1, len(rows) // 8)
    axes.set_yticks(range(0, len(portrait.sources), every), [str(int(s)) for s in portrait.sources[::every]])
    source = "of its own loss" if portrait.own_loss else "of a random direction"
    axes.set(title=f"Gradient cone {source}", xlabel="state t", ylabel="source s")
    axes.figure.colorbar(image, ax=axes, label="log10 of norm of dL_s/dh_t")


def _spectrum(axes, portrait: Portrait) -> None:
    if portrait.exponents is None or portrait.half is None:
        axes.text(0.5, 0.5, portrait.no_exponents, ha="center", va="center", wrap=True, transform=axes.transAxes)
    else:
        number = np.arange(1, len(portrait.exponents) + 1)
        finite = np.isfinite(portrait.exponents.numpy())
        half = portrait.half.numpy()[finite]
        axes.errorbar(number[finite], portrait.exponents.numpy()[finite], half, fmt=".", color="#0072B2", capsize=2)
        lost = int((~finite).sum())
        if lost:
            axes.text(0.98, 0.02, f"{lost} are -inf or lost", ha="right", transform=axes.transAxes, fontsize=8)
        axes.axhline(0, color="black", linewidth=WIDTH)
    axes.set(title="Lyapunov spectrum (95 % intervals)", xlabel="i", ylabel="nats per step")


def _eigenvalues(axes, portrait: Portrait, diagnosis: Diagnosis) -> None:
    gamma = ACTIVATIONS[diagnosis.activation].gamma if diagnosis.vanilla and diagnosis.activation else 1
    angle = np.linspace(0, 2 * np.pi, 200)
    axes.plot(np.cos(angle), np.sin(angle), color="black", linewidth=WIDTH, label=r"$|\lambda| = 1$")
    if gamma != 1:
        axes.plot(
            np.cos(angle) / gamma, np.sin(angle) / gamma, color="grey", linestyle="--", label=r"$|\lambda| = 1/\gamma$"
        )
    real, imaginary = portrait.eigenvalues.numpy().T
    axes.plot(real, imaginary, ".", color="#D55E00")
    axes.set_aspect("equal", adjustable="datalim")
    axes.set(title=f"Eigenvalues of {diagnosis.trajectory.spectrum_of}", xlabel="real part", ylabel="imaginary part")
    axes.legend(fontsize=8)


def _memory(axes, portrait: Portrait) -> None:
    axes.plot(_log10(portrait.ln_dh), color="#0072B2", label="dh_T/dh_{T-k}")
    axes.plot(_log10(portrait.ln_dtheta), color="#D55E00", label="dh_T/dW_h")
    axes.set(title="What a state and what the weights do to the last state", xlabel="lag k", ylabel="log10 of the norm")
    axes.legend(fontsize=8)


def _log10(ln: Tensor) -> np.ndarray:
    """Returns log10 from natural logarithms; nan where they are not finite."""
    values = ln.numpy() / LN_10
    return np.where(np.isfinite(values), values, np.nan)
