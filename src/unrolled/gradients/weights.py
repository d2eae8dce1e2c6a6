"""dL/dW_h step by step: where in time the gradient of the weights comes from, and how much of it cancels."""

from dataclasses import dataclass

import torch
from torch import Tensor

SHARES = (0.5, 0.9, 0.99)


@dataclass(frozen=True)
class WeightGradient:
    """norms (T,): Frobenius norm of each step's contribution to dL/dW_h, float64, in order of time.

    cancellation: norm of their sum over the sum of their norms, 1 = all steps pull one way, 0 = they cancel; nan where
    all are 0. memory: how many of the last steps hold 50, 90 and 99 % of the sum of norms (the smallest lag; None where
    there is nothing to hold).
    """

    norms: Tensor
    cancellation: float
    memory: dict[float, int | None]


@torch.no_grad()
def contributions(da: Tensor, h_before: Tensor) -> Tensor:
    """(T, H, H), float64: sum over the batch of dL/da_t h_{t-1}^T; their sum over t is dL/dW_h (Werbos 1990).

    da (T, B, H): dL/da_t, 0 where masked. h_before (T, B, H): h_{t-1}, the initial state first.
    """
    return torch.einsum("tbi,tbj->tij", da.double(), h_before.double())


@torch.no_grad()
def weight_gradient(da: Tensor, h_before: Tensor) -> WeightGradient:
    """Shapes as in `contributions`, whose (T, H, H) are never all in memory."""
    total = torch.zeros(da.shape[2], da.shape[2], dtype=torch.float64, device=da.device)
    norms = []
    for da_t, h_t in zip(da, h_before, strict=True):
        step = da_t.double().t() @ h_t.double()
        norms.append(step.norm())
        total += step
    found = torch.stack(norms)
    whole = float(found.sum())
    cancellation = float(total.norm()) / whole if whole else float("nan")
    return WeightGradient(found.cpu(), cancellation, {share: memory_horizon(found, share) for share in SHARES})


def memory_horizon(norms: Tensor, share: float) -> int | None:
    """The smallest lag k such that the lags 0 ... k hold that share of the sum of norms (T,), in order of time."""
    held = norms.flip(0).cumsum(0)
    if not len(held) or not torch.isfinite(held[-1]) or held[-1] == 0:
        return None
    return int((held >= share * held[-1] * (1 - 1e-12)).nonzero()[0])
