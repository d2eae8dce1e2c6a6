"""The total gradient dL/dh_t of a loss that may have a term at every time step, in log space."""

import torch
from torch import Tensor

from .along import Trajectory
from .lengths import unit


@torch.no_grad()
def log_total_gradient(trajectory: Trajectory, own: Tensor) -> Tensor:
    """Computes ln of the norm of dL/dh_t, all later paths included; nothing under- or overflows.

    own: (T, B, H), float64, the gradient of the loss in each state by the path that no later state is on.
    Returns (T, B): -inf where the gradient is exactly 0, nan where no step is real or a state is not finite.
    """
    T, B, H = own.shape
    direction, ln_norm = own.new_zeros(B, 1, H), own.new_full((B,), -torch.inf)
    found = own.new_full((T, B), torch.nan)
    for t in range(T - 1, -1, -1):
        direction, ln_norm = _sum((direction, ln_norm), unit(own[t].unsqueeze(1)))
        found[t] = ln_norm
        pulled = trajectory.pull(t, direction)
        direction, ln_norm = pulled.v, ln_norm + pulled.ln
    return torch.where(trajectory.mask & (found < torch.inf), found, torch.nan)


def _sum(first: tuple[Tensor, Tensor], second: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Adds two vectors (B, 1, H), each given as its direction and ln of its length, (B,)."""
    larger = torch.maximum(first[1], second[1])
    larger = torch.where(torch.isneginf(larger), 0.0, larger)
    scaled = [direction * torch.exp(ln - larger)[:, None, None] for direction, ln in (first, second)]
    direction, ln = unit(scaled[0] + scaled[1])
    return direction, ln + larger
