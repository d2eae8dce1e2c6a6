"""Shares of the samples whose gradient grows or falls tenfold: if samples differ in kind, no mean describes them."""

import math
from dataclasses import dataclass

import torch
from scipy.stats import f
from torch import Tensor

from .slope import ByLag
from .uncertainty import frequencies, quantile, variance_of_mean

TENFOLD = math.log(10)
SHARE = 0.1  # of the samples: if as many grow and as many fall, they differ in kind

CHANCE = 0.001  # probability of taking samples of one kind for two


@dataclass(frozen=True)
class Shares:
    """Shares of the samples whose gradient changes tenfold over the window and beyond its noise.

    up: share that grows.
    down: share that falls, or becomes exactly 0.
    samples: number of samples.
    """

    up: float
    down: float
    samples: int

    @property
    def mixed(self) -> bool:
        """Whether a tenth of the samples, less one but at least one, grows, and as many fall."""
        least = max(SHARE - 1 / max(1, self.samples), 1e-9)
        return min(self.up, self.down) >= least


def shares(lags: ByLag, zeros: int, constant: bool) -> Shares:
    """Counts the samples whose gradient grows tenfold, and those whose gradient falls tenfold.

    lags: curves of the samples whose gradient is never exactly 0.
    zeros: number of the other samples, which count as fallen.
    constant: whether J_t is the same at every step of every sample; there is no noise in time then.
    """
    increments = lags.window_increments
    samples = increments.shape[1] + zeros
    if not samples:
        return Shares(0.0, 0.0, 0)
    up, down = 0, 0
    if len(increments) > 1 and increments.shape[1]:
        change = _changes(increments, constant)
        up, down = (int((side * change > TENFOLD).sum()) for side in (1, -1))
    return Shares(up / samples, (down + zeros) / samples, samples)


def _changes(increments: Tensor, constant: bool) -> Tensor:
    """Computes each sample's change over the window, (B,), in nats; 0 if noise alone could explain it.

    increments: (n, B). A change counts if it exceeds the sample's own noise. If samples move to both sides, an F test
    must also find that they differ by more than the noise within them.
    """
    n, B = increments.shape
    net = increments.nansum(0)
    if constant:
        return net
    variance = variance_of_mean(torch.where(increments.isnan(), 0.0, increments - increments.nanmean(0)))
    degrees = max(1.0, frequencies(n) - 0.5)
    net = torch.where(net.abs() > n * variance.sqrt() * quantile(degrees), net, 0.0)
    if B > 1 and bool((net > 0).any() and (net < 0).any()):
        ratio = float(increments.nanmean(0).var() / variance.mean().clamp_min(1e-300))
        if ratio < f.ppf(1 - CHANCE, B - 1, B * degrees):
            return torch.zeros_like(net)
    return net
