"""Curves and spectra behind a diagnosis of one recurrent layer, for drawing."""

import math
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .cone import source_steps
from .diagnosis import Diagnosis
from .jacobian import products
from .log_pass import carry_back, orthonormal
from .lyapunov import spectrum
from .memory import memory
from .theory import Predictions

LAGS = 48  # number of lags with singular values
SOURCES = 48  # rows of the cone
SAMPLES = 8
UNITS = 512  # samples times H: a wide layer gets fewer samples
CONE_DIRECTIONS = 4


@dataclass(frozen=True)
class Portrait:
    """Curves and spectra of one layer, means over a few samples; logs are natural.

    samples: number of samples.
    lags (L,), ln_singular (L, D): singular values of dh_T/dh_{T-k} by lag k; nan if unresolved.
    sources (S,), ln_cone (S, T): norm of dL_s/dh_t; nan for t > s.
    own_loss: whether L_s is the network's own loss at s; else unit vectors in random directions start the cone.
    exponents, errors, half: (H,), Lyapunov exponents, standard errors and half-widths of 95 % intervals, nats per step;
    nan = lost to rounding; None if there are none.
    no_exponents: the reason, or None.
    eigenvalues: (D, 2), real and imaginary parts of `Trajectory.eigenvalues`.
    ln_dh, ln_dtheta: (T,), by lag, means of `memory.Memory`.
    predictions: predictions of the slope by theory.
    """

    samples: int
    lags: Tensor
    ln_singular: Tensor
    sources: Tensor
    ln_cone: Tensor
    own_loss: bool
    exponents: Tensor | None
    errors: Tensor | None
    half: Tensor | None
    no_exponents: str | None
    eigenvalues: Tensor
    ln_dh: Tensor
    ln_dtheta: Tensor
    predictions: Predictions

    def plain(self) -> dict[str, Any]:
        """Returns lists for JSON: null for a number that is not finite, but "-inf" (an exact 0) as a string."""
        return {
            name: _plain(value) if isinstance(value, Tensor) else value
            for name, value in vars(self).items()
            if name != "predictions"
        }


@torch.no_grad()
def portrait(diagnosis: Diagnosis, dh: Tensor | None = None, target_mask: Tensor | None = None) -> Portrait:
    """Computes the portrait of a diagnosis from its longest samples, at most 8 (fewer if H is above 64).

    dh: (T, B, H), gradient of each step's own loss in its own state, if the loss reads every state; else None.
    target_mask: bool (T, B), True where a sample has a loss; None without dh.
    Raises ValueError if a state is not finite.
    """
    if diagnosis.diverged_at is not None:
        raise ValueError(f"the state is not finite from time step {diagnosis.diverged_at} on: there is nothing to draw")
    steps = diagnosis.trajectory.mask.sum(0)
    longest = (steps == steps.max()).nonzero().flatten()
    D = diagnosis.trajectory.state.shape[2]
    chosen = longest[: max(1, min(SAMPLES, UNITS // D))]
    first, last = _real_steps(diagnosis.trajectory.mask[:, chosen[0]])
    trajectory = diagnosis.trajectory.of(chosen).between(first, last)
    T, B = trajectory.mask.shape
    lags = torch.linspace(0, T, min(T + 1, LAGS)).round().long().unique()
    if dh is None or target_mask is None:
        sources = source_steps(trajectory.mask, SOURCES)
        start = orthonormal(len(sources) * B, D, CONE_DIRECTIONS).to(trajectory.state).unflatten(0, (len(sources), B))
    else:
        sources = source_steps(target_mask[first:last, chosen], SOURCES)
        own = F.pad(dh, (0, D - dh.shape[2]))
        start = torch.where(target_mask.unsqueeze(2), own, 0.0)[first:last, chosen][sources].unsqueeze(2)
    exponents, errors, half, reason = None, None, None, None
    try:
        lyapunov = spectrum(trajectory)
        exponents, errors, half = lyapunov.exponents, lyapunov.stderr, lyapunov.half
    except ValueError as error:
        reason = str(error).partition(";")[0]
    norms = memory(trajectory)
    return Portrait(
        samples=len(chosen),
        lags=lags,
        ln_singular=products(trajectory.jacobian(), lags).ln_singular.mean(1).cpu(),
        sources=sources,
        ln_cone=_mean_of_finite(carry_back(trajectory, sources, start).ln_norm).cpu(),
        own_loss=dh is not None,
        exponents=exponents,
        errors=errors,
        half=half,
        no_exponents=reason,
        eigenvalues=torch.view_as_real(trajectory.eigenvalues).cpu(),
        ln_dh=norms.ln_dh.mean(1).cpu(),
        ln_dtheta=norms.ln_dtheta.mean(1).cpu(),
        predictions=diagnosis.predictions,
    )


def _real_steps(mask: Tensor) -> tuple[int, int]:
    """Returns the first real step of a sample's mask bool (T,), and one past the last."""
    real = mask.nonzero().flatten()
    return int(real[0]), int(real[-1]) + 1


def _mean_of_finite(ln_norm: Tensor) -> Tensor:
    """Averages (S, T, B) over the samples that have a gradient; -inf if all are exactly 0."""
    found = torch.where(torch.isfinite(ln_norm), ln_norm, torch.nan).nanmean(2)
    return torch.where(torch.isneginf(ln_norm).all(2), -torch.inf, found)


def _plain(values: Tensor) -> list[Any]:
    return [_plain(row) if row.ndim else _number(row.item()) for row in values]


def _number(value: float) -> float | str | None:
    if isinstance(value, int) or math.isfinite(value):
        return value
    return "-inf" if value == -math.inf else None
