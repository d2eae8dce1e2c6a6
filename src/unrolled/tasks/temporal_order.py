"""Temporal order: classifies the order of the informative symbols (Hochreiter & Schmidhuber 1997, exp. 6a and 6b).

A and B are informative, c to f are distractors. Two informative symbols (4 classes) are anywhere in the second
and in the sixth tenth of the sequence, as in Pascanu et al. 2013, section 4.1; three (8 classes) start at 10, 33 and
66 %, each within a tenth of the length.
"""

import math
from itertools import product

import torch
from torch import Generator

from unrolled.config.schema import TaskConfig

from .constants import of_shares
from .data import Data, Guess, Split
from .generated import generated
from .scores import classification

SYMBOLS = ["A", "B", "c", "d", "e", "f"]
FROM_PERCENT = {2: (10, 50), 3: (10, 33, 66)}


def load(config: TaskConfig, seed: int) -> Data:
    T, informative = config.length, config.symbols
    assert T is not None and informative in FROM_PERCENT
    classes = ["".join(order) for order in product("AB", repeat=informative)]
    stands = [(-(-first * T // 100), -(-(first + 10) * T // 100)) for first in FROM_PERCENT[informative]]

    def make(n: int, generator: Generator) -> Split:
        x = torch.randint(2, len(SYMBOLS), (n, T), generator=generator)
        shown = torch.randint(0, 2, (n, informative), generator=generator)
        for i, (first, end) in enumerate(stands):
            x[torch.arange(n), torch.randint(first, end, (n,), generator=generator)] = shown[:, i]
        y = (shown * 2 ** torch.arange(informative).flip(0)).sum(1)
        return Split(x, torch.ones(n, T, dtype=torch.bool), y)

    C = len(classes)
    return generated(
        config,
        seed,
        make,
        reads=SYMBOLS,
        answers=classes,
        scores=lambda: classification(C),
        baseline=lambda val: Guess(torch.full((len(val), C), -math.log(C))),
        baseline_name="any class",
        exact={"cross_entropy": math.log(C), "accuracy": 1 / C},
        solved=("accuracy", 0.99),
        dependency=T - 1 - (stands[0][0] + stands[0][1] - 1) / 2,
        constants=lambda n: of_shares(torch.full((C,), 1 / C), n, "any class"),
    )
