"""Coverage of the 95 % interval of a mean over time and samples; the true mean is 0 by construction."""

import math

import torch
from rich.table import Table
from torch import Tensor

from unrolled.gradients.uncertainty import mean_over_time

NOISES: dict[str, float | None] = {
    "white": 0.0,
    "fair coin": None,
    "AR(1) 0.5": 0.5,
    "AR(1) 0.8": 0.8,
    "AR(1) 0.9": 0.9,
    "AR(1) -0.7": -0.7,
}
"""Autocorrelation at lag 1 of Gaussian noise of variance 1; None: independent +1 or -1."""

LENGTHS = (30, 79, 200)
ARRANGEMENTS = {
    "one sample": (1, 0.0, 0.0),
    "8 independent samples": (8, 0.0, 0.0),
    "32 independent samples": (32, 0.0, 0.0),
    "8 samples, all noise shared": (8, math.inf, 0.0),
    "32 samples, as much shared as own": (32, 1.0, 0.0),
    "32 samples, shared 0.2 of own": (32, 0.2, 0.0),
    "8 samples of different means": (8, 0.0, 1.0),
    "32 samples of different means": (32, 0.0, 1.0),
}
"""Samples; standard deviation of shared noise relative to their own noise; standard deviation of their means."""


def table(quick: bool) -> Table:
    """Makes a table with a row for each arrangement and noise, and a column for each length. quick: few draws."""
    draws = 20 if quick else 400
    made = Table(title=f"Share of {draws} 95 % intervals that hold the true mean (by chance alone: +- 2 %)")
    for name in ("samples", "increments"):
        made.add_column(name)
    for n in LENGTHS:
        made.add_column(f"n = {n}", justify="right")
    for arrangement in ARRANGEMENTS:
        for noise in NOISES:
            shares = (coverage(arrangement, noise, n, draws) for n in LENGTHS)
            made.add_row(arrangement, noise, *(f"{share:.1%}" for share in shares))
    return made


def coverage(arrangement: str, noise: str, n: int, draws: int, seed: int = 2026) -> float:
    """Computes the share of intervals that contain 0.

    arrangement, noise: keys of ARRANGEMENTS and NOISES.
    n: increments in a draw.
    draws: number of draws.
    """
    samples, shared, differ = ARRANGEMENTS[arrangement]
    draw = torch.Generator().manual_seed(seed)
    own = noise_series(NOISES[noise], n, draws * samples, draw).view(n, draws, samples)
    common = noise_series(NOISES[noise], n, draws, draw).unsqueeze(2)
    means = torch.randn(draws, samples, generator=draw, dtype=torch.float64)
    values = common.expand_as(own) if math.isinf(shared) else own + shared * common + differ * means
    return sum(abs(found.value) <= found.half for found in map(mean_over_time, values.unbind(1))) / draws


def noise_series(noise: float | None, n: int, count: int, draw: torch.Generator) -> Tensor:
    """Draws `count` independent series of n steps, mean 0 and variance 1; (n, count).

    noise: a value of NOISES.
    """
    if noise is None:
        return torch.randint(0, 2, (n, count), generator=draw).double() * 2 - 1
    series = torch.randn(n, count, generator=draw, dtype=torch.float64)
    series[1:] *= math.sqrt(1 - noise**2)
    for t in range(1, n):
        series[t] += noise * series[t - 1]
    return series
