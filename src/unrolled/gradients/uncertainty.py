"""Mean of a correlated series over time and samples, with a 95 % interval.

The long-run variance of a series comes from its lowest cosine frequencies, whose squares are nearly independent
(equally weighted cosines: Lazarus, Lewis, Stock & Watson 2018), after a first-order autoregression has flattened its
spectrum (prewhitening: Andrews & Monahan 1992). Noise that samples share and differences between their means are two
sources of error. Their variances add up, less the part that both contain (Cameron, Gelbach & Miller 2011).
"""

import math
from dataclasses import dataclass

import torch
from scipy.special import stdtrit
from torch import Tensor

SHORTEST = 20  # values in time: a shorter series alone does not show its autocorrelation
SAMPLES = 10  # samples: this many give an interval by their spread, for any number of steps
SHARED = 0.4  # of the variance over time: the least share that counts towards the degrees of freedom
STRONGEST = 0.97  # largest autocorrelation for which the long-run variance is estimated


@dataclass(frozen=True)
class Mean:
    """A mean with its uncertainty.

    value: the mean.
    error: its standard error.
    degrees: degrees of freedom of the error.
    steps, samples: numbers of time steps and samples behind it.
    """

    value: float
    error: float
    degrees: float
    steps: int
    samples: int

    @property
    def half(self) -> float:
        """Half-width of the 95 % interval, in the unit of the values."""
        return self.error * quantile(self.degrees)

    def certain(self, side: int) -> bool:
        """Returns whether the true mean lies on that side of 0 (1: above) at 99 % confidence."""
        return side * self.value > self.error * quantile(self.degrees, 0.99)

    @property
    def reliable(self) -> bool:
        """Whether the interval holds for correlated values too; others are not printed."""
        return self.error == 0 or self.steps >= SHORTEST or self.samples >= SAMPLES


def mean_over_time(values: Tensor, constant: bool = False) -> Mean:
    """Computes the mean over time of the means over samples, and its interval.

    values: (n, B), nan where there is no value; every row and every column has one.
    constant: whether the series cannot differ from run to run (one Jacobian at all steps): only samples differ then.
    """
    n, B = values.shape
    per_step = values.nanmean(1)
    value = per_step.mean()
    residual = torch.where(values.isnan(), 0.0, values - per_step.unsqueeze(1)) / (~values.isnan()).sum(1, keepdim=True)
    own = residual.mean(0)
    pairs = B / (B - 1) if B > 1 else 0.0
    by_sample, by_time, both = float(own.square().sum()) * pairs, 0.0, 0.0
    if not constant and n > 1:
        by_time = float(variance_of_mean((per_step - value).unsqueeze(1)))
        both = float(variance_of_mean(residual - own).sum()) * pairs
    variance, degrees = _combined_variance(by_sample, by_time, both, B - 1, max(1.0, frequencies(n) - 0.5))
    return Mean(float(value), math.sqrt(variance), degrees, n, B)


def _combined_variance(
    by_sample: float, by_time: float, both: float, samples: int, frequencies: float
) -> tuple[float, float]:
    """Combines the variances over samples and over time; returns the sum and its degrees of freedom (Satterthwaite).

    The one with more degrees of freedom comes first; the other adds its excess over the part that both contain.
    """
    first, second = (by_sample, samples), (by_time, frequencies)
    if samples < frequencies and by_time > 0:
        first, second = second, first
    excess = max(0.0, second[0] - both)
    variance = first[0] + excess
    counted = max(excess, SHARED * second[0])
    split = sum(v**2 / df for v, df in (first, (counted, second[1])) if df > 0)
    return variance, variance**2 / split if split > 0 else 1.0


def variance_of_mean(series: Tensor) -> Tensor:
    """Computes the variance (B,) of the mean of each column, from its long-run variance.

    series: (n, B), each column of mean 0. All columns share one autocorrelation.
    """
    n, count = len(series), frequencies(len(series))
    phi = _autocorrelation(series)
    k = torch.arange(1, count + 1, dtype=series.dtype, device=series.device)
    t = (torch.arange(n, dtype=series.dtype, device=series.device) + 0.5) / n
    waves = math.sqrt(2 / n) * torch.cos(math.pi * k.unsqueeze(1) * t)
    spectrum = 1 / (1 + phi**2 - 2 * phi * torch.cos(math.pi * k / n))
    return ((waves @ series).square() / spectrum.unsqueeze(1)).mean(0) / ((1 - phi) ** 2 * n)


def frequencies(n: int) -> int:
    """Returns the number of cosines: the rate n^(2/3) balances bias against variance (Lazarus et al. 2018)."""
    return max(1, min(n - 1, max(2, round(0.4 * n ** (2 / 3)))))


def _autocorrelation(series: Tensor) -> float:
    """Computes the autocorrelation at lag 1, corrected for the bias of a short series whose mean is estimated.

    The correction is that of Marriott & Pope 1954, rounded up.
    """
    square = float(series.square().sum())
    if square == 0:
        return 0.0
    found = float((series[1:] * series[:-1]).sum()) / square
    return min(STRONGEST, max(-0.9, found + (1 + 5 * found) / len(series)))


def quantile(degrees: float, probability: float = 0.975) -> float:
    """Returns the quantile of Student's distribution, in standard errors; by default for a 95 % interval."""
    return float(stdtrit(max(1.0, degrees), probability))
