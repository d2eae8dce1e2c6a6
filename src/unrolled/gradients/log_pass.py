"""A second backward pass over known states, in float64 and in log space: nothing under- or overflows.

dL/dh_{t-1} = W_h^T (f'(a_t) * dL/dh_t) is a product of T factors; here its direction and the ln of its length are
carried apart, with ln f' from its formula, so that 1 - tanh^2 never rounds to 0.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from unrolled.rnn import RNN


@dataclass(frozen=True)
class LogPass:
    """ln_norm (T, B): ln of the norm of dL/dh_t per sample, -inf where it is exactly 0.

    ln_slope (T, B, H): ln |f'(a_t)|. h (T, B, H): the states. mask bool (T, B). All float64.
    diverged_at: the first time step whose state is not finite, or None.
    """

    ln_norm: Tensor
    ln_slope: Tensor
    h: Tensor
    mask: Tensor
    diverged_at: int | None


@torch.no_grad()
def log_pass(rnn: RNN, x: Tensor, h: Tensor, dh_T: Tensor, mask: Tensor) -> LogPass:
    """Carries dL/dh_T (B, H) back through the states h (T, B, H) that the layer has on x; all float64.

    x (T, B, E), or tokens (T, B). The initial state is 0. mask bool (T, B): carried steps (False) change nothing.
    """
    previous = torch.cat([torch.zeros_like(h[:1]), h[:-1]])
    a = rnn.project(x) + F.linear(previous, rnn.W_h)
    ln_slope = rnn.f.log_abs_derivative_at(a)
    finite = (torch.isfinite(a).all(2) | ~mask).all(1)
    if not finite.all():
        step = int((~finite).nonzero()[0])
        return LogPass(torch.full_like(a[..., 0], torch.nan), ln_slope, h, mask, step)
    ln_norm = _carry_back(rnn, a, ln_slope, dh_T, mask)
    return LogPass(ln_norm, ln_slope, h, mask, None)


def _carry_back(rnn: RNN, a: Tensor, ln_slope: Tensor, dh_T: Tensor, mask: Tensor) -> Tensor:
    largest = ln_slope.amax(2, keepdim=True).nan_to_num(neginf=0.0)
    slope = torch.exp(ln_slope - largest)
    if rnn.f.log_derivative is None:  # else f' > 0
        slope = torch.where(rnn.f.derivative_at(a) < 0, -slope, slope)
    total = dh_T.norm(dim=1, keepdim=True).log()
    direction = F.normalize(dh_T, dim=1, eps=1e-300)
    ln_norm = [total]
    for t in range(len(a) - 1, 0, -1):
        moved = (slope[t] * direction) @ rnn.W_h
        length = moved.norm(dim=1, keepdim=True)
        real = mask[t].unsqueeze(1)
        total = torch.where(real, total + largest[t] + length.log(), total)
        direction = torch.where(real, moved / length.clamp_min(1e-300), direction)
        ln_norm.append(total)
    return torch.stack(ln_norm[::-1]).squeeze(2)
