"""Two numbers among many are marked: what `adding` and `multiplication` have in common."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from unrolled.config.schema import TaskConfig

from .constants import of_numbers, two_uniform
from .data import Data, Guess, Split
from .generated import generated
from .scores import regression


def marked_numbers(n: int, T: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """(x (n, T, 2), marked (n, 2)): numbers uniform in [0, 1), and marks that are 1 at two steps and 0 elsewhere.

    One mark falls anywhere in the first half, one anywhere in the second (Arjovsky et al. 2016, section 5.2).
    """
    numbers = torch.rand(n, T, generator=generator)
    first = torch.randint(0, T // 2, (n,), generator=generator)
    second = torch.randint(T // 2, T, (n,), generator=generator)
    rows, marks = torch.arange(n), torch.zeros(n, T)
    marks[rows, first] = marks[rows, second] = 1.0
    return torch.stack([numbers, marks], 2), torch.stack([numbers[rows, first], numbers[rows, second]], 1)


def of_two_marked(
    config: TaskConfig, seed: int, what: Callable[[Tensor], Tensor], *, mean: float, variance: float, solved: float
) -> Data:
    """The task of answering `what` (of (n, 2), over dimension 1) of the marked numbers, given its mean and variance."""
    T = config.length
    assert T is not None

    def make(n: int, generator: Generator) -> Split:
        x, marked = marked_numbers(n, T, generator)
        return Split(x, torch.ones(n, T, dtype=torch.bool), what(marked).unsqueeze(1))

    return generated(
        config,
        seed,
        make,
        reads=2,
        answers=1,
        scores=regression,
        baseline=lambda val: Guess(torch.full((len(val), 1), mean)),
        baseline_name=f"always {mean:g}",
        exact={"mse": variance},
        solved=("mse", solved),
        dependency=T - 1 - (T // 2 - 1) / 2,
        constants=lambda n: of_numbers(two_uniform(what), n),
    )
