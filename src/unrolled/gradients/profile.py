"""Profile of one backward pass: norms of dL/dh_t per time step, over the samples that are real there."""

from dataclasses import dataclass

import torch
from torch import Tensor

QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Profile:
    """Statistics over samples of the norm of dL/dh_t; each (T,), float64, nan where no sample is real.

    rms: root mean square.
    log_mean: mean of ln norm over the samples whose norm is not 0.
    q10, q50, q90: quantiles.
    zeros: number of samples whose norm is exactly 0; in float32 this can be underflow.
    count: number of samples that are real at t.
    """

    rms: Tensor
    log_mean: Tensor
    q10: Tensor
    q50: Tensor
    q90: Tensor
    zeros: Tensor
    count: Tensor


def profile(dh: Tensor, mask: Tensor) -> Profile:
    """Computes the profile of a backward pass.

    dh: (T, B, H), dL/dh_t, each sample's scaled to that sample's own loss.
    mask: bool (T, B), True = real.
    Norms are taken in float64: in float32 a norm is 0 below 1e-23 and inf above 1e19.
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
    """Computes the RMS over real samples of norm (T, B); returns (T,), float64, on the CPU; nan if none is real."""
    real = mask.to(norm.device)
    squares = torch.where(real, norm.double().square(), 0.0).sum(1)
    return (squares / real.sum(1)).sqrt().cpu()
