"""One profile by lag, twice: as training's own precision has it, and in float64 log space, where it goes on."""

import math

import numpy as np
from torch import Tensor

from unrolled.gradients.diagnosis import Diagnosis

LN_10 = math.log(10)


def draw_profile(axes, told: Diagnosis, real: Tensor | None, bits: int = 32) -> None:
    """real (L,): mean ln of the norm of dL/dh by lag as training's own backward pass has it, -inf where most are
    exactly 0; None where there was none, or where it is no profile by lag (the loss reads every state)."""
    lags = told.lags
    mean = np.where(lags.enough.cpu().numpy(), lags.mean.cpu().numpy(), np.nan) / LN_10
    axes.plot(mean, color="#0072B2", linewidth=3, alpha=0.6, label="in log space (float64)")
    if real is not None:
        own = real.numpy()[: int(lags.enough.sum())] / LN_10
        own = own - own[:1]
        axes.plot(
            np.where(np.isfinite(own), own, np.nan), color="black", linewidth=1, label=f"as trained (float{bits})"
        )
        _mark_zeros(axes, own, bits)
    axes.set(title="Profile", xlabel="lag k", ylabel="log10 of norm of dL/dh, to lag 0")
    axes.legend(fontsize=8)


def _mark_zeros(axes, own: np.ndarray, bits: int) -> None:
    """Grey where training's precision has nothing but zeros."""
    kept = (~np.isneginf(own)).nonzero()[0]
    first = int(kept.max()) + 1 if len(kept) else 0
    if first < len(own):
        axes.axvspan(first - 0.5, len(own) - 0.5, color="#ddd", zorder=0)
        axes.text(first, axes.get_ylim()[0], f" below float{bits} from lag {first} on", fontsize=8, va="bottom")
