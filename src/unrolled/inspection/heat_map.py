"""Draws the heat map of a run: log10 of the norm of dL/dh_t, by training step and time step, and the last profile."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from torch import Tensor

from unrolled.training.probe import Measurement

from .profile_panel import draw_profile


def draw(
    path: Path,
    log10_norms: Mapping[int, Tensor],
    zeros: int,
    starts: Mapping[str, int] | None = None,
    last: Measurement | None = None,
) -> Path:
    """Draws log10 of the norms, training step by time step, and beside it the profile by lag of the last probe.

    path: of the picture.
    log10_norms: (T,) by probed training step; nan (nothing there, or all 0) stays grey.
    zeros: number of norms that are exactly 0 and are in no mean; the picture names it.
    starts: first time step of each RNN by its name; from the second on a line marks it.
    last: the last probe.
    Returns the path.
    """
    from matplotlib.figure import Figure  # not pyplot: no global state, no display

    steps = list(log10_norms)
    values = np.ma.masked_invalid(np.stack([row.numpy() for row in log10_norms.values()]))
    figure = Figure(figsize=(12, 3.5))  # fixed margins: a layout engine takes half of the time of a short run's end
    figure.subplots_adjust(left=0.06, right=0.985, bottom=0.14, top=0.9, wspace=0.16)
    axes, beside = figure.subplots(1, 2, width_ratios=(2, 1))
    axes.set_facecolor("lightgrey")
    T = values.shape[1]
    image = axes.pcolormesh(np.arange(T + 1) - 0.5, np.arange(len(steps) + 1) - 0.5, values, cmap="viridis")
    every = max(1, len(steps) // 8)
    axes.set_yticks(range(0, len(steps), every), [str(s) for s in steps[::every]])
    axes.set(xlabel="time step t", ylabel="training step")
    (first, _), *later = (starts or {"": 0}).items()
    for _, start in later:
        axes.axvline(start - 0.5, color="white", linewidth=3)
        axes.axvline(start - 0.5, color="black", linewidth=1, linestyle="--")
    if later:
        then = "".join(f", then from t = {start} on the {name}" for name, start in later)
        axes.set_xlabel(f"time step t ({first}{then})")
    if zeros:
        axes.set_title(f"{zeros} norms are exactly 0 in training's precision and are in no mean", fontsize=9)
    figure.colorbar(image, ax=axes, pad=0.015, label="log10 of the norm of dL/dh_t")
    if last is None:
        beside.set_axis_off()
    else:
        draw_profile(beside, last.diagnosis, last.profile_by_lag, last.bits)
    figure.savefig(path, dpi=110)
    return path
