"""Latching: classifies which of two signals preceded the noise (Bengio, Simard & Frasconi 1994, section III).

One number a step: the first three are +1 or -1 by the class, plus noise, the others are noise
alone. (In the paper the signal is learnt too; here it is given.)
"""

import math

import torch
from torch import Generator

from unrolled.config.schema import TaskConfig

from .constants import of_shares
from .data import Data, Guess, Split
from .generated import generated
from .scores import classification

SIGNAL, NOISE = 3, 0.2  # steps; standard deviation


def load(config: TaskConfig, seed: int) -> Data:
    T = config.length
    assert T is not None and T > SIGNAL

    def make(n: int, generator: Generator) -> Split:
        y = torch.randint(0, 2, (n,), generator=generator)
        x = NOISE * torch.randn(n, T, 1, generator=generator)
        x[:, :SIGNAL, 0] += (1 - 2 * y.float()).unsqueeze(1)
        return Split(x, torch.ones(n, T, dtype=torch.bool), y)

    return generated(
        config,
        seed,
        make,
        reads=1,
        answers=["+", "-"],
        scores=lambda: classification(2),
        baseline=lambda val: Guess(torch.full((len(val), 2), -math.log(2))),
        baseline_name="either class",
        exact={"cross_entropy": math.log(2), "accuracy": 1 / 2},
        solved=("accuracy", 0.99),
        dependency=T - SIGNAL,
        constants=lambda n: of_shares(torch.full((2,), 1 / 2), n, "either class"),
    )
