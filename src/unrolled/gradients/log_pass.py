"""A second backward pass over known states, in float64 and in log space: nothing under- or overflows.

dL_s/dh_{t-1} = J_t^T dL_s/dh_t is a product of s - t + 1 factors; here its direction and the ln of its length are
carried apart, with ln f' from its formula, so that 1 - tanh^2 never rounds to 0.

Shapes: S sources (time steps that have a loss), B batch, K directions, H hidden, T time steps.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .lengths import unit
from .trajectory import Trajectory


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
    T, (S, B, K, _) = len(seen.h), dh.shape
    direction, total = unit(dh.double())
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
        pulled = seen.pull(t, direction[first:])
        by_f[first:, t] = torch.where(real, pulled.ln_f, torch.nan)
        by_weights[first:, t] = torch.where(real, pulled.ln_weights, torch.nan)
        total[first:] += pulled.ln_f + pulled.ln_weights
        direction[first:] = pulled.v
    return LogPass(sources, ln_norm, by_f, by_weights)


def exact_zero_rows(passed: LogPass, mask: Tensor) -> tuple[Tensor, Tensor]:
    """(S, B) bool: whether a source has a gradient of its own, and whether that is exactly 0 further back.

    Those without one are classified with certainty: they are left out.
    """
    rows = torch.arange(len(passed.sources))
    started = torch.isfinite(passed.ln_norm[rows, passed.sources])
    return started, started & (torch.isneginf(passed.ln_norm) & mask).any(1)


def orthonormal(batch: int, hidden: int, count: int, seed: int = 0) -> Tensor:
    """(B, K, H): for each sample K = min(H, count) random orthonormal directions."""
    draw = torch.Generator().manual_seed(seed)
    square = torch.randn(batch, hidden, min(hidden, count), generator=draw, dtype=torch.float64)
    return torch.linalg.qr(square)[0].transpose(1, 2).contiguous()
