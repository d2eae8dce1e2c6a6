"""The trivial baselines: answers that never look at what is read, for each loss and each score the best there is."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from unrolled.rnn import Batch

from .data import Constants, Guess, Loss, Split
from .scores import Scores

HALVINGS = 60  # of the interval that holds the best number: to the last bit of float64
SQUARES: Loss = lambda answer, y: F.mse_loss(answer, y, reduction="none")  # noqa: E731
DISTANCES: Loss = lambda answer, y: F.l1_loss(answer, y, reduction="none")  # noqa: E731
OF_SCORE = {"mse": SQUARES, "skill": SQUARES, "mae": DISTANCES}


def best_number(answers: Tensor, loss: Loss) -> Tensor:
    """The constant (K,) of least mean loss against the answers (n, K), for a loss that is convex in each number."""
    y = answers.double()
    low, high = y.amin(0), y.amax(0)
    for _ in range(HALVINGS):
        middle = ((low + high) / 2).requires_grad_()
        (rising,) = torch.autograd.grad(loss(middle.expand_as(y), y).sum(), middle)
        middle = middle.detach()
        low, high = torch.where(rising > 0, low, middle), torch.where(rising > 0, middle, high)
    return (low + high) / 2


def of_numbers(answers: Tensor, n: int) -> Constants:
    """Always the same numbers, for n examples. answers (m, K): what there is to be answered, each equally likely."""

    def best(score: str, loss: Loss) -> tuple[Guess, str]:
        number = best_number(answers, OF_SCORE.get(score, loss))
        return Guess(number.expand(n, -1)), f"always {', '.join(f'{each:.3g}' for each in number.tolist())}"

    return best


def best_shares(shares: Tensor, loss: Loss) -> Tensor:
    """ln of the probabilities (..., C) of least mean loss, where the classes come with these shares (..., C).

    The loss is a cross-entropy, maybe smoothed: what it wants of an answer is where its gradient is 0.
    """
    C = shares.shape[-1]
    even = torch.zeros(1, C, dtype=torch.float64, requires_grad=True)
    (off,) = torch.autograd.grad(loss(even, torch.zeros(1, dtype=torch.int64)).sum(), even)
    own, other = (1 / C - off[0, :2]).tolist()
    return _ln(shares.double() * (own - other) + other)


def _ln(shares: Tensor) -> Tensor:
    """Finite also where a share is 0, for 0 times -inf would be nan."""
    return shares.double().clamp_min(torch.finfo(torch.float64).tiny).log()


def always(shares: Tensor, n: int, written: Tensor | None = None) -> Guess:
    """The same probabilities for each of n examples: of the shares (C,), or (T', C) of each step."""
    return _each(_ln(shares), n, written)


def _each(logs: Tensor, n: int, written: Tensor | None) -> Guess:
    return Guess(logs.expand(n, -1) if logs.ndim == 1 else logs.unsqueeze(1).expand(-1, n, -1), written)


def of_shares(shares: Tensor, n: int, name: str, written: Tensor | None = None) -> Constants:
    """As `always`, of the shares for the scores, and for the loss of what it makes of them.

    written: tokens (T', n), where texts are scored.
    """

    def best(score: str, loss: Loss) -> tuple[Guess, str]:
        return _each(best_shares(shares, loss), n, written) if score == "loss" else always(shares, n, written), name

    return best


def of_classes(train: Split, n: int, answers: Sequence[str], scores: Scores, name: str) -> Constants:
    """The classes' shares for the loss, and for each score the one class that is best for the training split.

    scores: of which more is better. name: of the most frequent class.
    """
    counts = torch.bincount(train.y, minlength=len(answers)).clamp_min(1)  # one that training lacks is not impossible
    by_shares, most = of_shares(counts / counts.sum(), n, name), int(counts.argmax())
    found = [_always(each, len(answers), train, scores) for each in range(len(answers))]

    def best(score: str, loss: Loss) -> tuple[Guess, str]:
        if score == "loss":
            return by_shares(score, loss)
        chosen = max(range(len(answers)), key=lambda each: (found[each][score], each == most))
        if chosen == most:
            return by_shares(score, loss)
        return Guess(_one(chosen, len(answers)).expand(n, -1)), f"always {answers[chosen]}"

    return best


def _one(chosen: int, classes: int) -> Tensor:
    return F.one_hot(torch.tensor(chosen), classes).double()


def _always(chosen: int, classes: int, split: Split, scores: Scores) -> dict[str, float]:
    scores.reset()
    scores.update(_one(chosen, classes).expand(len(split), -1), Batch(split.x, None, split.y, None))
    return scores.compute()


def of_all_classes(logs: np.ndarray, known: Sequence[int], classes: int, n: int) -> Tensor:
    """(N, classes): ln of probabilities (N, len(known)) of the classes that are among n training examples.

    To each class that is not among them falls a share of 1 / (n + classes) (Laplace's rule of succession).
    """
    rest = classes - len(known)
    answer = torch.full((len(logs), classes), -math.log(n + classes), dtype=torch.float64)
    answer[:, torch.as_tensor(known)] = torch.from_numpy(logs).double() + math.log1p(-rest / (n + classes))
    return answer


def two_uniform(what: Callable[[Tensor], Tensor], points: int = 100) -> Tensor:
    """(points ** 2, 1): `what` (of (n, 2), over dimension 1) of two numbers that are uniform in 0 to 1, evenly."""
    grid = (torch.arange(points, dtype=torch.float64) + 0.5) / points
    return what(torch.cartesian_prod(grid, grid)).unsqueeze(1)
