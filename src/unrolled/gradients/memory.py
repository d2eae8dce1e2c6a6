"""The curse of memory (Zucchet & Orvieto 2024): dh_T/dW_h grows with memory, although dh_T/dh_t does not.

A weight acts at every step, so its effect on the last state is a sum over all steps that are still remembered. The
closer the network is to keeping its state, the more terms the sum has.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .along import Trajectory
from .lengths import TINIEST
from .log_pass import orthonormal

DIRECTIONS = 8


@dataclass(frozen=True)
class Memory:
    """Norms of two derivatives of the last state, by lag k and sample; (T, B), float64.

    ln_dh: ln of the Frobenius norm of dh_T/dh_{T-k}.
    ln_dtheta: ln of the Frobenius norm of the part of dh_T/dW_h that comes from the last k + 1 steps.
    Both are estimates if fewer than H directions were carried back.
    """

    ln_dh: Tensor
    ln_dtheta: Tensor


@torch.no_grad()
def memory(trajectory: Trajectory, directions: int = DIRECTIONS, seed: int = 0) -> Memory:
    """Computes `Memory` by carrying random orthonormal directions v of the last state back.

    directions: their number is min(H, directions).
    seed: seed of these directions.
    v^T dh_T/dW_h is the sum over t of (v^T dh_T/da_t) h_{t-1}^T, an (H, H) matrix for each v. Terms and sum are scaled
    apart, in logs.
    """
    T, B, D = trajectory.state.shape
    g = orthonormal(B, D, directions, seed).to(trajectory.state)
    whole = 0.5 * math.log(D / g.shape[1])  # from K directions to all H
    total = g.new_zeros(())
    scale, total_scale = g.new_zeros(B), g.new_full((B,), -1 / TINIEST)  # finite, because -inf less -inf is nan
    previous, ln_dh, ln_dtheta = trajectory.previous[..., : trajectory.hidden], [], []
    for t in range(T - 1, -1, -1):
        ln_dh.append(scale + g.flatten(1).norm(dim=1).log() + whole)
        pulled = trajectory.pull(t, g)
        ln_dq = scale + pulled.ln_dq
        common = torch.maximum(total_scale, ln_dq)
        total = (
            _factor(total_scale - common) * total
            + _factor(ln_dq - common) * pulled.dq.unsqueeze(3) * previous[t][:, None, None, :]
        )
        total_scale = common
        ln_dtheta.append(total_scale + total.flatten(1).norm(dim=1).log() + whole)
        g, scale = pulled.v, scale + pulled.ln
    return Memory(torch.stack(ln_dh), torch.stack(ln_dtheta))


def _factor(ln: Tensor) -> Tensor:
    return ln.exp()[:, None, None, None]
