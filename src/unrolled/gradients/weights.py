"""dL/dW_h step by step: where in time the gradient of the weights comes from, and how much of it cancels.

Both are means over samples of what each sample's own gradient says. Of the gradient of a batch they would depend on the
batch's size: what comes from far back differs between samples, and cancels in their sum.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

SHARES = (0.5, 0.9, 0.99)


@dataclass(frozen=True)
class WeightGradient:
    """norms (T,): Frobenius norm of each step's contribution to the batch's dL/dW_h, float64, in order of time.

    shares (T,): of the sum of norms of a sample's own contributions, that of each step; mean over samples; nan where no
    sample has a gradient, or one that is not finite. cancellation: norm of a sample's dL/dW_h over the sum of the norms
    of its contributions, mean over samples; 1 = all steps pull one way, 0 = they cancel; nan likewise. samples: how
    many have a gradient. memory: how many of the last steps hold 50, 90 and 99 % of the shares (the smallest lag; None
    where there is nothing to hold).
    """

    norms: Tensor
    shares: Tensor
    cancellation: float
    samples: int
    memory: dict[float, int | None]


@torch.no_grad()
def contributions(da: Tensor, h_before: Tensor) -> Tensor:
    """(T, H, H), float64: sum over the batch of dL/da_t h_{t-1}^T; their sum over t is dL/dW_h (Werbos 1990).

    da (T, B, H): dL/da_t, 0 where masked. h_before (T, B, H): h_{t-1}, the initial state first.
    """
    return torch.einsum("tbi,tbj->tij", da.double(), h_before.double())


@torch.no_grad()
def weight_gradient(da: Tensor, h_before: Tensor) -> WeightGradient:
    """Shapes as in `contributions`, whose (T, H, H) are never all in memory; a sample's scale does not matter."""
    da, h_before = da.double(), h_before.double()
    norms = torch.stack([(da_t.t() @ h_t).norm() for da_t, h_t in zip(da, h_before, strict=True)])
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


def memory_horizon(norms: Tensor, share: float) -> int | None:
    """The smallest lag k such that the lags 0 ... k hold that share of the sum of norms (T,), in order of time."""
    held = norms.flip(0).cumsum(0)
    if not len(held) or not torch.isfinite(held[-1]) or held[-1] == 0:
        return None
    return int((held >= share * held[-1] * (1 - 1e-12)).nonzero()[0])
