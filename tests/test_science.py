"""docs/science.md is enough to recompute a slope and its interval, with numpy and the tape of a backward pass."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import t as student

from unrolled.gradients import diagnose
from unrolled.rnn import RNN, Tape


def test_slope_and_interval_follow_from_the_tape_as_the_page_says() -> None:
    T, B = 60, 16
    torch.manual_seed(0)
    rnn, x = RNN(3, 24, "tanh").double(), torch.randn(T, B, 3, dtype=torch.float64)
    dh_T, tape = torch.randn(B, 24, dtype=torch.float64), Tape()
    (rnn(x, tape=tape)[-1] * dh_T).sum().backward()
    found = diagnose(rnn, x, dh_T=dh_T)
    assert tape.dh is not None

    m = np.log(np.linalg.norm(tape.dh.numpy(), axis=2))[::-1]  # (T, B) by lag
    d = np.diff(m, axis=0)[1 : T - 1 - T // 5]
    n, q = len(d), max(2, round(0.4 * len(d) ** (2 / 3)))
    s, own = d.mean(), ((d - d.mean(1, keepdims=True)) / B).mean(0)
    waves = math.sqrt(2 / n) * np.cos(math.pi * np.outer(np.arange(1, q + 1), np.arange(n) + 0.5) / n)

    def long_run(u: np.ndarray) -> np.ndarray:
        phi = (u[1:] * u[:-1]).sum() / (u * u).sum()
        phi = min(0.97, max(-0.9, phi + (1 + 5 * phi) / n))
        flat = 1 + phi**2 - 2 * phi * np.cos(math.pi * np.arange(1, q + 1) / n)
        return ((waves @ u) ** 2 * flat[:, None]).mean(0) / (n * (1 - phi) ** 2)

    by_sample = B / (B - 1) * (own**2).sum()
    by_time = long_run((d.mean(1) - s)[:, None])[0]
    both = B / (B - 1) * long_run((d - d.mean(1, keepdims=True)) / B - own).sum()
    excess = max(0.0, by_time - both)
    variance = by_sample + excess
    degrees = variance**2 / (by_sample**2 / (B - 1) + max(excess, 0.4 * by_time) ** 2 / (q - 0.5))

    assert found.slope == pytest.approx(s, rel=1e-9)
    assert found.slope_error == pytest.approx(math.sqrt(variance), rel=1e-9)
    assert found.slope_half == pytest.approx(math.sqrt(variance) * student.ppf(0.975, degrees), rel=1e-9)
