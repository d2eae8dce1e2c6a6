"""Lengths in logs, and ranks, of matrices whose rows and columns may be of any size."""

import torch
from torch import Tensor

TINIEST = 1e-300


def unit(matrices: Tensor) -> tuple[Tensor, Tensor]:
    """Returns (..., K, H) at Frobenius norm 1, and ln of what its norm was (...); 0 stays 0 and has -inf."""
    length = torch.linalg.matrix_norm(matrices)
    return matrices / length.clamp_min(TINIEST)[..., None, None], length.log()


def rank(J: Tensor) -> Tensor:
    """Returns (...,), of matrices (..., H, H), to the precision of their own rows and columns: a small one is not 0.

    Both are brought to length 1 first, for diag(f') makes some of them tiny, and scaling them changes no rank.
    """
    for axis in (-1, -2):
        J = J / J.norm(dim=axis, keepdim=True).clamp_min(torch.finfo(J.dtype).tiny)
    return torch.linalg.matrix_rank(J)
