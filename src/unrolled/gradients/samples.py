"""How many samples change tenfold up, and how many down: of samples that differ in kind no mean says anything."""

import math
from dataclasses import dataclass

import torch
from scipy.stats import f
from torch import Tensor

from .slope import ByLag
from .uncertainty import frequencies, quantile, variance_of_mean

TENFOLD = math.log(10)
SHARE = 0.1  # of the samples, on either side, from which on they differ in kind

CHANCE = 0.001  # of taking samples of one kind for two


@dataclass(frozen=True)
class Shares:
    """up, down: shares of the samples whose gradient grows, or falls, tenfold over the window and beyond its noise.

    A gradient that becomes exactly 0 has fallen. samples: how many there are.
    """

    up: float
    down: float
    samples: int

    @property
    def mixed(self) -> bool:
        """Whether a tenth of the samples is on either side; in a small batch, one sample."""
        least = max(SHARE - 1 / max(1, self.samples), 1e-9)
        return min(self.up, self.down) >= least


def shares(lags: ByLag, zeros: int, constant: bool) -> Shares:
    """Counts the samples on either side.

    lags: of the samples whose gradient is not 0. zeros: how many others there are.
    constant: whether J_t is the same at every step of every sample: there is no noise in time then.
    """
    chosen = lags.counted
    samples = chosen.shape[1] + zeros
    if not samples:
        return Shares(0.0, 0.0, 0)
    up, down = 0, 0
    if len(chosen) > 1 and chosen.shape[1]:
        change = _changes(chosen, constant)
        up, down = (int((side * change > TENFOLD).sum()) for side in (1, -1))
    return Shares(up / samples, (down + zeros) / samples, samples)


def _changes(chosen: Tensor, constant: bool) -> Tensor:
    """(B,): each sample's change over the window, in nats; 0 where noise alone could make it.

    chosen: (n, B). A sample's change is beyond its own noise, and the samples differ by more than all of their noise
    (an F test), or all of them move to one side.
    """
    n, B = chosen.shape
    net = chosen.nansum(0)
    if constant:
        return net
    variance = variance_of_mean(torch.where(chosen.isnan(), 0.0, chosen - chosen.nanmean(0)))
    degrees = max(1.0, frequencies(n) - 0.5)
    net = torch.where(net.abs() > n * variance.sqrt() * quantile(degrees), net, 0.0)
    if B > 1 and bool((net > 0).any() and (net < 0).any()):
        ratio = float(chosen.nanmean(0).var() / variance.mean().clamp_min(1e-300))
        if ratio < f.ppf(1 - CHANCE, B - 1, B * degrees):
            return torch.zeros_like(net)
    return net
