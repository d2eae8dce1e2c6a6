"""The profile of one backward pass: norms of dL/dh_t per time step, over the samples that are real there."""

from dataclasses import dataclass

import torch
from torch import Tensor

QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Profile:
    """Each field (T,), float64; nan where no sample is real.

    rms: root mean square over samples of the norm of dL/dh_t. log_mean: mean of ln norm over the samples whose norm
    is not 0. q10, q50, q90: quantiles of the norm. zeros: samples whose norm is exactly 0 (in float32 this can be
    underflow). count: samples real at t.
    """

    rms: Tensor
    log_mean: Tensor
    q10: Tensor
    q50: Tensor
    q90: Tensor
    zeros: Tensor
    count: Tensor


def profile(dh: Tensor, mask: Tensor) -> Profile:
    """dh (T, B, H): dL/dh_t, each sample's scaled to that sample's own loss; mask bool (T, B), True = real.

    Norms are taken in float64: a float32 norm is 0 below 1e-23 and inf above 1e19.
    """
    norm = dh.double().norm(dim=2)
    real = mask.to(norm.device)
    count = real.sum(1).double()
    alive = real & (norm > 0)
    logs = torch.where(alive, norm.log(), 0.0).sum(1)
    quantiles = torch.nanquantile(torch.where(real, norm, torch.nan), norm.new_tensor(QUANTILES), dim=1)
    zeros = torch.where(count > 0, (real & (norm == 0)).sum(1).double(), torch.nan)
    columns = (root_mean_square(norm, real), logs / alive.sum(1), *quantiles, zeros)
    return Profile(*(column.cpu() for column in columns), count=count.cpu())


def root_mean_square(norm: Tensor, mask: Tensor) -> Tensor:
    """norm (T, B), over the samples that are real -> (T,) on the CPU, float64; nan where there are none."""
    real = mask.to(norm.device)
    squares = torch.where(real, norm.double().square(), 0.0).sum(1)
    return (squares / real.sum(1)).sqrt().cpu()
