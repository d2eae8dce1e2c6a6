"""A second backward pass over known states, in float64 and in log space, so that nothing under- or overflows.

dL_s/dh_{t-1} = J_t^T dL_s/dh_t is a product of s - t + 1 factors. Its direction and the ln of its length are kept
apart, and ln f' comes from a formula, so that 1 - tanh^2 never rounds to 0.

Shapes: S sources (time steps that have a loss), B batch, K directions, H hidden, T time steps.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .along import Trajectory
from .lengths import unit


@dataclass(frozen=True)
class LogPass:
    """Gradients of the loss at each source, carried back from there to the first state.

    sources: (S,), time steps, ascending.
    ln_norm: (S, T, B), ln of the norm of dL_s/dh_t (RMS over K directions); -inf if exactly 0, nan for t > s.
    change: (S, T, B), change of ln_norm from h_t to h_{t-1}; nan if there is no such step.
    first, second: (S, T, B), what each of `Trajectory.parts` contributes to it; their sum where both are finite.
    """

    sources: Tensor
    ln_norm: Tensor
    change: Tensor
    first: Tensor
    second: Tensor


@torch.no_grad()
def log_pass(trajectory: Trajectory, dh_T: Tensor) -> LogPass:
    """Carries dL/dh_T back through the states.

    dh_T: (B, H), or K gradients for each sample (B, K, H).
    """
    dh = dh_T if dh_T.ndim == 3 else dh_T.unsqueeze(1)
    return carry_back(trajectory, torch.tensor([len(trajectory.state) - 1]), dh.unsqueeze(0))


@torch.no_grad()
def carry_back(trajectory: Trajectory, sources: Tensor, dh: Tensor) -> LogPass:
    """Carries the gradients of several losses back through the states.

    sources: (S,), ascending time steps that have a loss.
    dh: (S, B, K, H), K gradients of each source's loss in its own state.
    """
    T, (S, B, K, _) = len(trajectory.state), dh.shape
    direction, total = unit(dh.double())
    total = total - 0.5 * torch.log(total.new_tensor(float(K)))  # RMS over directions, not their sum
    ln_norm, change, one, other = (total.new_full((S, T, B), torch.nan) for _ in range(4))
    first = S
    for t in range(int(sources[-1]), -1, -1):
        while first and sources[first - 1] >= t:
            first -= 1
        ln_norm[first:, t] = total[first:]
        if t == 0:
            break
        real = trajectory.mask[t]
        pulled = trajectory.pull(t, direction[first:])
        for kept, part in ((change, pulled.ln), (one, pulled.first), (other, pulled.second)):
            kept[first:, t] = torch.where(real, part, torch.nan)
        total[first:] += pulled.ln
        direction[first:] = pulled.v
    return LogPass(sources, ln_norm, change, one, other)


def exact_zero_rows(backward_pass: LogPass, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Returns whether each source has a gradient of its own, and whether it becomes exactly 0; bool (S, B) each.

    Samples whose own gradient is exactly 0 (classified with certainty) are in neither.
    """
    rows = torch.arange(len(backward_pass.sources))
    started = torch.isfinite(backward_pass.ln_norm[rows, backward_pass.sources])
    return started, started & (torch.isneginf(backward_pass.ln_norm) & mask).any(1)


def orthonormal(batch: int, hidden: int, count: int, seed: int = 0) -> Tensor:
    """Draws K = min(hidden, count) random orthonormal directions for each sample, (B, K, H), float64."""
    draw = torch.Generator().manual_seed(seed)
    square = torch.randn(batch, hidden, min(hidden, count), generator=draw, dtype=torch.float64)
    return torch.linalg.qr(square)[0].transpose(1, 2).contiguous()
