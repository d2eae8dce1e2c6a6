"""Draws a profile by lag twice: in training's own precision, and in float64 log space, which does not underflow."""

import numpy as np
from torch import Tensor

from unrolled.gradients.diagnosis import Diagnosis
from unrolled.record.quantities import LN_10


def draw_profile(axes, diagnosis: Diagnosis, training_profile: Tensor | None, bits: int = 32) -> None:
    """Draws the profile of a diagnosis and that of training itself into `axes`.

    training_profile: (L,), mean ln of the norm of dL/dh by lag in training's own backward pass, -inf where most norms
        are exactly 0; None without a backward pass, or if the loss reads every state: then it is no profile by lag.
    bits: of training's precision.
    """
    lags = diagnosis.lags
    mean = np.where(lags.enough.cpu().numpy(), lags.mean.cpu().numpy(), np.nan) / LN_10
    axes.plot(mean, color="#0072B2", linewidth=3, alpha=0.6, label="in log space (float64)")
    if training_profile is not None:
        own = training_profile.numpy()[: int(lags.enough.sum())] / LN_10
        own = own - own[:1]
        axes.plot(
            np.where(np.isfinite(own), own, np.nan), color="black", linewidth=1, label=f"as trained (float{bits})"
        )
        _mark_zeros(axes, own, bits)
    axes.set(title="Profile", xlabel="lag k", ylabel="log10 of norm of dL/dh, to lag 0")
    axes.legend(fontsize=8)


def _mark_zeros(axes, own: np.ndarray, bits: int) -> None:
    """Marks the lags in grey from which on training's precision has only zeros."""
    kept = (~np.isneginf(own)).nonzero()[0]
    first = int(kept.max()) + 1 if len(kept) else 0
    if first < len(own):
        axes.axvspan(first - 0.5, len(own) - 0.5, color="#ddd", zorder=0)
        axes.text(first, axes.get_ylim()[0], f" below float{bits} from lag {first} on", fontsize=8, va="bottom")
