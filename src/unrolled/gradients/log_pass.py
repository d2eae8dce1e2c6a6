"""A second backward pass over known states, in float64 and in log space: nothing under- or overflows.

dL_s/dh_{t-1} = W_h^T (f'(a_t) * dL_s/dh_t) is a product of s - t + 1 factors; here its direction and the ln of its
length are carried apart, with ln f' from its formula, so that 1 - tanh^2 never rounds to 0.

Shapes: S sources (time steps that have a loss), B batch, K directions, H hidden, T time steps.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .trajectory import Trajectory

TINIEST = 1e-300
NEARLY = 1e-8  # of W_h's norm: a product this short may be rounding


@dataclass(frozen=True)
class LogPass:
    """The gradient of the loss at each source, carried back from there to the first state.

    sources (S,): their time steps, ascending. ln_norm (S, T, B): ln of the norm of dL_s/dh_t, of K directions their
    RMS; -inf where it is exactly 0, nan behind the source. by_f, by_weights (S, T, B): what the step from h_t to
    h_{t-1} adds to it, ln |f'| along this gradient and then W_h; their sum is the increment; nan where there is none.
    """

    sources: Tensor
    ln_norm: Tensor
    by_f: Tensor
    by_weights: Tensor


@torch.no_grad()
def log_pass(seen: Trajectory, dh_T: Tensor) -> LogPass:
    """Carries dL/dh_T (B, H), or K of them (B, K, H), back through the states."""
    dh = dh_T if dh_T.ndim == 3 else dh_T.unsqueeze(1)
    return carry_back(seen, torch.tensor([len(seen.h) - 1]), dh.unsqueeze(0))


@torch.no_grad()
def carry_back(seen: Trajectory, sources: Tensor, dh: Tensor) -> LogPass:
    """dh (S, B, K, H): the gradient of each source's own loss in its own state. sources ascend."""
    (T, B), (slope, factor) = seen.h.shape[:2], seen.scaled_slope
    S, _, K, _ = dh.shape
    direction, total = _unit(dh.double())
    total = total - 0.5 * torch.log(total.new_tensor(float(K)))  # RMS over directions, not their sum
    ln_norm, by_f, by_weights = (total.new_full((S, T, B), torch.nan) for _ in range(3))
    first = S
    for t in range(int(sources[-1]), -1, -1):
        while first and sources[first - 1] >= t:
            first -= 1
        ln_norm[first:, t] = total[first:]
        if t == 0:
            break
        real = seen.mask[t]
        bent, along_f = _unit(direction[first:] * slope[t].unsqueeze(1))
        moved, along_W = _unit(_resolved(bent, seen.W_h))
        along_f = along_f + factor[t]
        by_f[first:, t] = torch.where(real, along_f, torch.nan)
        by_weights[first:, t] = torch.where(real, along_W, torch.nan)
        total[first:] = torch.where(real, total[first:] + along_f + along_W, total[first:])
        direction[first:] = torch.where(real[:, None, None], moved, direction[first:])
    return LogPass(sources, ln_norm, by_f, by_weights)


def exact_zero_rows(passed: LogPass, mask: Tensor) -> tuple[Tensor, Tensor]:
    """(S, B) bool: whether a source has a gradient of its own, and whether that is exactly 0 further back.

    Those without one are classified with certainty: they are left out.
    """
    rows = torch.arange(len(passed.sources))
    started = torch.isfinite(passed.ln_norm[rows, passed.sources])
    return started, started & (torch.isneginf(passed.ln_norm) & mask).any(1)


def _resolved(bent: Tensor, W_h: Tensor) -> Tensor:
    """bent @ W_h, (S, B, K, H), at exactly 0 where nothing but rounding is left of the sums."""
    moved, H = bent @ W_h, W_h.shape[1]
    small = moved.flatten(-2).norm(dim=-1) < NEARLY * float(torch.linalg.matrix_norm(W_h)) * (bent != 0).any(3).any(2)
    if not small.any():
        return moved
    most = (bent[small].abs() @ W_h.abs()).flatten(-2).norm(dim=-1)
    lost = moved[small].flatten(-2).norm(dim=-1) <= H * torch.finfo(moved.dtype).eps * most
    moved[small] = torch.where(lost[:, None, None], 0.0, moved[small])
    return moved


def _unit(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """(..., K, H) -> itself at length 1 over the last two axes, and ln of its length; 0 stays 0 and has -inf."""
    length = vectors.flatten(-2).norm(dim=-1)
    return vectors / length.clamp_min(TINIEST)[..., None, None], length.log()


def orthonormal(batch: int, hidden: int, count: int, seed: int = 0) -> Tensor:
    """(B, K, H): for each sample K = min(H, count) random orthonormal directions."""
    draw = torch.Generator().manual_seed(seed)
    square = torch.randn(batch, hidden, min(hidden, count), generator=draw, dtype=torch.float64)
    return torch.linalg.qr(square)[0].transpose(1, 2).contiguous()
