"""Norms in logs, and ranks, of matrices whose rows and columns may be of any size."""

import torch
from torch import Tensor

TINIEST = 1e-300


def unit(matrices: Tensor) -> tuple[Tensor, Tensor]:
    """Scales matrices (..., K, H) to Frobenius norm 1; returns them and ln of the norms (...). 0 stays 0, with -inf."""
    length = torch.linalg.matrix_norm(matrices)
    return matrices / length.clamp_min(TINIEST)[..., None, None], length.log()


def rank(J: Tensor) -> Tensor:
    """Computes the ranks (...,) of matrices (..., H, H) to the precision of their own rows and columns.

    Both are brought to length 1 first, because diag(f') makes some of them tiny, and scaling changes no rank.
    """
    for axis in (-1, -2):
        J = J / J.norm(dim=axis, keepdim=True).clamp_min(torch.finfo(J.dtype).tiny)
    return torch.linalg.matrix_rank(J)


def ln_det(J: Tensor) -> Tensor:
    """Computes ln |det J| of J (B, H, H), from rows of length 1: tiny rows must not be lost beside large ones."""
    length = J.norm(dim=2, keepdim=True)
    return torch.linalg.slogdet(J / length.clamp_min(TINIEST))[1] + length.squeeze(2).log().sum(1)
