"""Tasks on two marked numbers among many, the base of `adding` and `multiplication`."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from unrolled.config.schema import TaskConfig

from .constants import of_numbers, two_uniform
from .data import Data, Guess, Split
from .generated import generated
from .scores import regression


def marked_numbers(n: int, T: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Draws uniform numbers in [0, 1) and marks two of them in each sequence.

    One mark is uniform over the first half of the steps, one over the second (Arjovsky et al. 2016, section 5.2).
    Returns (x, marked): x (n, T, 2), numbers and marks (1 at two steps, else 0); marked (n, 2), the marked numbers.
    """
    numbers = torch.rand(n, T, generator=generator)
    first = torch.randint(0, T // 2, (n,), generator=generator)
    second = torch.randint(T // 2, T, (n,), generator=generator)
    rows, marks = torch.arange(n), torch.zeros(n, T)
    marks[rows, first] = marks[rows, second] = 1.0
    return torch.stack([numbers, marks], 2), torch.stack([numbers[rows, first], numbers[rows, second]], 1)


def of_two_marked(
    config: TaskConfig, seed: int, function: Callable[[Tensor], Tensor], *, mean: float, variance: float, solved: float
) -> Data:
    """Returns the task whose target is a function of the marked numbers.

    function: from (n, 2) to (n,).
    mean, variance: the target's.
    solved: mean squared error from which on the task counts as solved.
    """
    T = config.length
    assert T is not None

    def make(n: int, generator: Generator) -> Split:
        x, marked = marked_numbers(n, T, generator)
        return Split(x, torch.ones(n, T, dtype=torch.bool), function(marked).unsqueeze(1))

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
        constants=lambda n: of_numbers(two_uniform(function), n),
    )
