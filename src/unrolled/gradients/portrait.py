"""Everything that can be drawn of one recurrent layer on some inputs: what a diagnosis stands on, as curves."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .cone import spread
from .diagnosis import Diagnosis
from .jacobian import products
from .log_pass import carry_back, orthonormal
from .lyapunov import spectrum
from .memory import memory
from .theory import Predictions, eigenvalues

LAGS = 48  # at which singular values are taken
SOURCES = 48  # rows of the cone
SAMPLES = 8
UNITS = 512  # samples times H: what of a wide layer is followed
CONE_DIRECTIONS = 4


@dataclass(frozen=True)
class Portrait:
    """samples: how many were followed. All means over them; logs are natural.

    lags (L,), ln_singular (L, H): singular values of dh_T/dh_{T-k}; nan where unresolved. sources (S,), ln_cone (S, T):
    norm of dL_s/dh_t, nan behind s; `own_loss`: of the network's loss at s, else of unit vectors in random directions.
    exponents, errors, half (H,): Lyapunov spectrum, its standard errors and half of its 95 % intervals, nats per step;
    None with `no_exponents`, the reason; nan: lost to rounding. eigenvalues (H, 2): of W_h, real and imaginary.
    ln_dh, ln_dtheta (T,) by lag: norms of dh_T/dh_{T-k}, and of the part of dh_T/dW_h from the last k + 1 steps.
    predictions: of the slope.
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
        """For JSON: lists, with null where there is no finite number (-inf, an exact 0, is the string "-inf")."""
        return {
            name: _plain(value) if isinstance(value, Tensor) else value
            for name, value in vars(self).items()
            if name != "predictions"
        }


@torch.no_grad()
def portrait(told: Diagnosis, dh: Tensor | None = None, counted: Tensor | None = None) -> Portrait:
    """Of the longest samples behind a diagnosis, at most 8 (fewer where H is above 64).

    dh (T, B, H): where the loss reads every state, the gradient of each step's own loss there; counted bool (T, B).
    Raises ValueError where the state is not finite.
    """
    if told.diverged_at is not None:
        raise ValueError(f"the state is not finite from time step {told.diverged_at} on: there is nothing to draw")
    steps = told.seen.mask.sum(0)
    longest = (steps == steps.max()).nonzero().flatten()
    H = told.seen.h.shape[2]
    chosen = longest[: max(1, min(SAMPLES, UNITS // H))]
    first, last = _real_steps(told.seen.mask[:, chosen[0]])
    seen = told.seen.of(chosen).between(first, last)
    T, B = seen.mask.shape
    lags = torch.linspace(0, T, min(T + 1, LAGS)).round().long().unique()
    if dh is None or counted is None:
        sources = spread(seen.mask, SOURCES)
        start = orthonormal(len(sources) * B, H, CONE_DIRECTIONS).to(seen.h).unflatten(0, (len(sources), B))
    else:
        sources = spread(counted[first:last, chosen], SOURCES)
        start = torch.where(counted.unsqueeze(2), dh, 0.0)[first:last, chosen][sources].unsqueeze(2)
    exponents, errors, half, why = None, None, None, None
    try:
        found = spectrum(seen)
        exponents, errors, half = found.exponents, found.stderr, found.half
    except ValueError as error:
        why = str(error).partition(";")[0]
    followed = memory(seen)
    return Portrait(
        samples=len(chosen),
        lags=lags,
        ln_singular=products(seen.jacobian(), lags).ln_singular.mean(1).cpu(),
        sources=sources,
        ln_cone=_mean_of_finite(carry_back(seen, sources, start).ln_norm).cpu(),
        own_loss=dh is not None,
        exponents=exponents,
        errors=errors,
        half=half,
        no_exponents=why,
        eigenvalues=torch.view_as_real(eigenvalues(seen)).cpu(),
        ln_dh=followed.ln_dh.mean(1).cpu(),
        ln_dtheta=followed.ln_dtheta.mean(1).cpu(),
        predictions=told.predictions,
    )


def _real_steps(mask: Tensor) -> tuple[int, int]:
    """First real step, and one behind the last, of a sample's mask bool (T,)."""
    real = mask.nonzero().flatten()
    return int(real[0]), int(real[-1]) + 1


def _mean_of_finite(ln_norm: Tensor) -> Tensor:
    """(S, T, B) -> (S, T), over the samples that have a gradient there; -inf where all are exactly 0."""
    found = torch.where(torch.isfinite(ln_norm), ln_norm, torch.nan).nanmean(2)
    return torch.where(torch.isneginf(ln_norm).all(2), -torch.inf, found)


def _plain(values: Tensor) -> list[Any]:
    return [_plain(row) if row.ndim else _number(row.item()) for row in values]


def _number(value: float) -> float | str | None:
    if isinstance(value, int) or math.isfinite(value):
        return value
    return "-inf" if value == -math.inf else None
