"""The season of a series: the lag of the first peak of its autocorrelation that noise does not explain."""

import math

import numpy as np
from scipy.stats import norm

LEAST = 0.1  # autocorrelation of a season at least
LONGEST = 1000  # lags that are looked at
FEWEST = 3  # seasons in the training part
ROUNDING = 1e-9  # a rest this small, of the largest value, is the rounding of a straight line
CHANCE = 0.01  # that white noise has a season


def autocorrelation(values: np.ndarray, lags: int) -> np.ndarray:
    """Returns the autocorrelation at the lags 0 to `lags`, without the linear trend.

    values: (n,), float64, finite.
    """
    n, places = len(values), np.arange(len(values))
    rest = values - np.polyval(np.polyfit(places, values, 1), places)
    size = 2 ** math.ceil(math.log2(2 * n))
    spectrum = np.abs(np.fft.rfft(rest, size)) ** 2
    found = np.fft.irfft(spectrum, size)[: lags + 1]
    if np.abs(rest).max() <= ROUNDING * np.abs(values).max():
        return np.concatenate([[1.0], np.zeros(lags)])
    return found / found[0]


def season(series: list[np.ndarray]) -> int | None:
    """Returns the season in steps; None if there is none.

    It is the lag of the largest autocorrelation after the first minimum. The peak must exceed `LEAST`, and what white
    noise exceeds at any of the lags with the probability `CHANCE` (Bonferroni).

    series: each (n,), the training part of one series; the mean of their autocorrelations counts.
    """
    long = [each for each in series if len(each) >= 4 * FEWEST and np.ptp(each) > 0]
    if not long:
        return None
    n = min(map(len, long))
    lags = min(n // FEWEST, LONGEST)
    mean = np.mean([autocorrelation(each, lags) for each in long], axis=0)
    falling = np.flatnonzero(np.diff(mean) > 0)
    if not len(falling):
        return None
    first = int(falling[0])  # the first minimum
    peak = first + int(mean[first:].argmax())
    error = 1 / math.sqrt(sum(map(len, long)))
    inside = first < peak < lags
    return peak if inside and mean[peak] > max(LEAST, float(norm.isf(CHANCE / lags)) * error) else None
