"""Trivial baselines: for each loss and each score the best prediction that ignores the input."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from unrolled.rnn import Batch

from .data import Constants, Guess, Loss, Split
from .scores import Scores
from .units import Units

HALVINGS = 60  # bisections: to the last bit of float64
SQUARES: Loss = lambda answer, y: F.mse_loss(answer, y, reduction="none")  # noqa: E731
DISTANCES: Loss = lambda answer, y: F.l1_loss(answer, y, reduction="none")  # noqa: E731
OF_SCORE = {"mse": SQUARES, "skill": SQUARES, "mae": DISTANCES}


def best_number(answers: Tensor, loss: Loss) -> Tensor:
    """Returns the constant (K,) with the smallest mean loss, by bisection on its gradient.

    answers: targets, (n, K).
    loss: convex in each number.
    """
    y = answers.double()
    low, high = y.amin(0), y.amax(0)
    for _ in range(HALVINGS):
        middle = ((low + high) / 2).requires_grad_()
        (rising,) = torch.autograd.grad(loss(middle.expand_as(y), y).sum(), middle)
        middle = middle.detach()
        low, high = torch.where(rising > 0, low, middle), torch.where(rising > 0, middle, high)
    return (low + high) / 2


def of_numbers(answers: Tensor, n: int, units: Units | None = None) -> Constants:
    """Returns the constant baselines of a regression for n examples.

    answers: (m, K), the possible targets, equally likely.
    units: of the numbers in a baseline's name; None: those of the targets.
    """

    def best(score: str, loss: Loss) -> tuple[Guess, str]:
        number = best_number(answers, OF_SCORE.get(score, loss))
        named = number if units is None else units.original(number)
        return Guess(number.expand(n, -1)), f"always {', '.join(f'{each:.3g}' for each in named.tolist())}"

    return best


def best_shares(shares: Tensor, loss: Loss) -> Tensor:
    """Returns the log-probabilities (..., C) with the smallest mean loss.

    shares: frequencies of the classes, (..., C).
    loss: a cross-entropy, with or without label smoothing. The optimum is where its gradient is 0.
    """
    C = shares.shape[-1]
    even = torch.zeros(1, C, dtype=torch.float64, requires_grad=True)
    (off,) = torch.autograd.grad(loss(even, torch.zeros(1, dtype=torch.int64)).sum(), even)
    own, other = (1 / C - off[0, :2]).tolist()
    return _ln(shares.double() * (own - other) + other)


def _ln(shares: Tensor) -> Tensor:
    """Returns the logarithm, finite even at 0, because 0 times -inf would be nan."""
    return shares.double().clamp_min(torch.finfo(torch.float64).tiny).log()


def always(shares: Tensor, n: int, written: Tensor | None = None) -> Guess:
    """Returns the same probabilities for each of n examples.

    shares: (C,), or (T', C) for each step.
    written: tokens (T', n) for scores of texts.
    """
    return _each(_ln(shares), n, written)


def _each(logs: Tensor, n: int, written: Tensor | None) -> Guess:
    return Guess(logs.expand(n, -1) if logs.ndim == 1 else logs.unsqueeze(1).expand(-1, n, -1), written)


def of_shares(shares: Tensor, n: int, name: str, written: Tensor | None = None) -> Constants:
    """Returns the constant baselines that predict class frequencies: `best_shares` for the loss, the shares for scores.

    shares: (C,), or (T', C) for each step.
    n: number of examples.
    name: the baseline's, as it is printed.
    written: tokens (T', n) for scores of texts.
    """

    def best(score: str, loss: Loss) -> tuple[Guess, str]:
        return _each(best_shares(shares, loss), n, written) if score == "loss" else always(shares, n, written), name

    return best


def of_classes(train: Split, n: int, answers: Sequence[str], scores: Scores, name: str) -> Constants:
    """Returns the constant baselines of a classification: class frequencies for the loss, one class for each score.

    train: its classes' frequencies, and the class that is best for each score, are used.
    n: number of examples to predict.
    answers: names of the classes.
    scores: larger is better for each of them.
    name: printed for the most frequent class.
    """
    counts = torch.bincount(train.y, minlength=len(answers)).clamp_min(1)  # no class has probability 0
    by_shares, most = of_shares(counts / counts.sum(), n, name), int(counts.argmax())
    found = [_scores_of(each, len(answers), train, scores) for each in range(len(answers))]

    def best(score: str, loss: Loss) -> tuple[Guess, str]:
        if score == "loss":
            return by_shares(score, loss)
        chosen = max(range(len(answers)), key=lambda each: (found[each][score], each == most))
        if chosen == most:
            return by_shares(score, loss)
        return Guess(_one_hot(chosen, len(answers)).expand(n, -1)), f"always {answers[chosen]}"

    return best


def _one_hot(chosen: int, classes: int) -> Tensor:
    return F.one_hot(torch.tensor(chosen), classes).double()


def _scores_of(chosen: int, classes: int, split: Split, scores: Scores) -> dict[str, float]:
    scores.reset()
    scores.update(
        _one_hot(chosen, classes).expand(len(split), -1), Batch(split.y[:0], None, split.y, None)
    )  # no score reads x
    return scores.compute()


def of_all_classes(logs: np.ndarray, known: Sequence[int], classes: int, n: int) -> Tensor:
    """Returns log-probabilities (N, classes) from those of a model that knows only the classes it was trained on.

    logs: the model's log-probabilities, (N, len(known)).
    known: the classes among its n training examples.
    Each other class gets a probability of 1 / (n + classes) (Laplace's rule of succession).
    """
    rest = classes - len(known)
    answer = torch.full((len(logs), classes), -math.log(n + classes), dtype=torch.float64)
    answer[:, torch.as_tensor(known)] = torch.from_numpy(logs).double() + math.log1p(-rest / (n + classes))
    return answer


def two_uniform(function: Callable[[Tensor], Tensor], points: int = 100) -> Tensor:
    """Returns a function of two uniform numbers on a regular grid of [0, 1) x [0, 1), (points ** 2, 1).

    function: from (n, 2) to (n,).
    """
    grid = (torch.arange(points, dtype=torch.float64) + 0.5) / points
    return function(torch.cartesian_prod(grid, grid)).unsqueeze(1)
