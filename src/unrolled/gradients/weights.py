"""dL/dW_h by time step: from where in time the gradient of the weights comes, and how much of it cancels.

Shares and cancellation are means over samples of each sample's own gradient. Those of a batch's gradient would depend
on the batch's size: contributions from far back differ between samples, and cancel in their sum.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

SHARES = (0.5, 0.9, 0.99)


@dataclass(frozen=True)
class WeightGradient:
    """The gradient of W_h, split by time step; float64, in order of time.

    norms: (T,), Frobenius norm of each step's contribution to the batch's dL/dW_h.
    shares: (T,), each step's share of the sum of norms of a sample's contributions, mean over samples; nan if no sample
    has a gradient, or one is not finite.
    cancellation: norm of a sample's dL/dW_h over the sum of the norms of its contributions, mean over samples; 1 = all
    steps agree, 0 = they cancel; nan likewise.
    samples: number of samples that have a gradient.
    memory: smallest lag within which 50, 90 and 99 % of the shares lie; None without shares.
    """

    norms: Tensor
    shares: Tensor
    cancellation: float
    samples: int
    memory: dict[float, int | None]


@torch.no_grad()
def contributions(da: Tensor, h_before: Tensor) -> Tensor:
    """Computes each step's contribution to dL/dW_h, summed over the batch (Werbos 1990).

    da: (T, B, H), dL/da_t; 0 where masked.
    h_before: (T, B, H), h_{t-1}, the initial state first.
    Returns (T, H, H), float64: dL/da_t h_{t-1}^T; their sum over t is dL/dW_h.
    """
    return torch.einsum("tbi,tbj->tij", da.double(), h_before.double())


@torch.no_grad()
def weight_gradient(da: Tensor, h_before: Tensor) -> WeightGradient:
    """Computes norms, shares and cancellation of the contributions, without all of them in memory at once.

    da: (T, B, H), dL/da_t; 0 where masked. A sample's scale does not matter.
    h_before: (T, B, H), h_{t-1}, the initial state first.
    """
    da, h_before = da.double(), h_before.double()
    norms = norms_by_step(da, h_before)
    own = da.norm(dim=2) * h_before.norm(dim=2)  # (T, B): the norm of an outer product is the product of the norms
    whole = own.sum(0)
    chosen = (whole != 0).nonzero().flatten()  # nan and inf among them
    sums = torch.stack([(da[:, b].t() @ h_before[:, b]).norm() for b in chosen]) if len(chosen) else whole[:0]
    shares = (own[:, chosen] / whole[chosen]).mean(1)
    return WeightGradient(
        norms.cpu(),
        shares.cpu(),
        float((sums / whole[chosen]).mean()),
        len(chosen),
        {share: memory_horizon(shares, share) for share in SHARES},
    )


@torch.no_grad()
def norms_by_step(da: Tensor, h_before: Tensor) -> Tensor:
    """Computes the Frobenius norm of each step's contribution to dL/dW_h, (T,), float64.

    Arguments are those of `contributions`; da may be a gate's block alone.
    """
    steps = zip(da.double(), h_before.double(), strict=True)
    return torch.stack([(da_t.t() @ h_t).norm() for da_t, h_t in steps])


def memory_horizon(norms: Tensor, share: float) -> int | None:
    """Returns the smallest lag k such that lags 0 ... k hold that share of the sum of norms (T,); None if that is 0."""
    cumulative = norms.flip(0).cumsum(0)
    if not len(cumulative) or not torch.isfinite(cumulative[-1]) or cumulative[-1] == 0:
        return None
    return int((cumulative >= share * cumulative[-1] * (1 - 1e-12)).nonzero()[0])
