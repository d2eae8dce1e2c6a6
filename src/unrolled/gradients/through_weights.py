"""The product of a gradient with W_h, on its way back, without what is rounding alone."""

import torch
from torch import Tensor

NEARLY = 1e-8  # of W_h's norm: a shorter product may be nothing but rounding


def through_weights(W_h: Tensor, dq: Tensor) -> Tensor:
    """Computes W_h^T dq for dq (..., B, K, G H); exactly 0 where only rounding is left of the sums.

    W_h: (G H, H).
    Returns (..., B, K, H).
    """
    moved = dq @ W_h
    short = NEARLY * torch.linalg.matrix_norm(W_h) * torch.linalg.matrix_norm(dq)
    small = (torch.linalg.matrix_norm(moved) < short) & (short > 0)
    if not small.any():
        return moved
    most = torch.linalg.matrix_norm(dq[small].abs() @ W_h.abs())
    lost = torch.linalg.matrix_norm(moved[small]) <= len(W_h) * torch.finfo(moved.dtype).eps * most
    moved[small] = torch.where(lost[:, None, None], 0.0, moved[small])
    return moved
