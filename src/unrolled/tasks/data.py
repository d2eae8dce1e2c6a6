"""What every task hands over: examples as tensors, the names behind the numbers, the scores, and what to beat."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Generator, Tensor

from unrolled.errors import UserError
from unrolled.rnn import Batch
from unrolled.rnn.init import stream
from unrolled.rnn.masking import blanked, first_not_finite

from .scores import Scores

Loss = Callable[[Tensor, Tensor], Tensor]  # answers (..., C) and y (...) -> one loss per answer (...)


@dataclass(frozen=True)
class Split:
    """Examples in memory, sample by sample; the fields are those of `Batch` with the sample first.

    x: tokens int64 (N, T), numbers (N, T, E) or vectors (N, D). mask: bool (N, T), None for vectors. y: (N,), (N, K),
    (N, T') or (N, T', K). y_mask: bool (N, T') where there is an answer at each step, else None.
    """

    x: Tensor
    mask: Tensor | None
    y: Tensor
    y_mask: Tensor | None = None

    def __post_init__(self) -> None:
        """What lies under a mask is 0 from here on."""
        for name, mask in (("x", self.mask), ("y", self.y_mask)):
            values: Tensor = getattr(self, name)
            if mask is not None and mask.dtype == torch.bool and mask.shape == values.shape[:2]:
                object.__setattr__(self, name, blanked(values, mask))

    def __len__(self) -> int:
        return len(self.y)

    def check(self, what: str) -> None:
        """Raises UserError for nan and inf among the examples: training would take them for its own divergence."""
        for name, values, by_step in (("x", self.x, self.mask is not None), ("y", self.y, self.y_mask is not None)):
            wrong = first_not_finite(values.transpose(0, 1) if by_step else values, by_step)
            if wrong is not None:
                raise UserError(f"{name} of {what} is {wrong}: allowed are finite numbers, and anything under a mask")

    def __getitem__(self, rows: Tensor) -> Batch:
        x, y = self.x[rows], self.y[rows]
        if self.mask is not None:
            x = x.transpose(0, 1)
        if self.y_mask is None:
            return Batch(x, _time_major(self.mask, rows), y, None)
        return Batch(x, _time_major(self.mask, rows), y.transpose(0, 1), _time_major(self.y_mask, rows))

    def whole(self) -> Batch:
        return self[torch.arange(len(self))]


def _time_major(mask: Tensor | None, rows: Tensor) -> Tensor | None:
    return None if mask is None else mask[rows].t()


@dataclass(frozen=True)
class Stream:
    """Examples made when they are needed, `samples` an epoch and never twice the same.

    make: (n, generator) -> n examples. A batch is a pure function of the seed and its name.
    """

    make: Callable[[int, Generator], Split]
    samples: int
    seed: int

    def __len__(self) -> int:
        return self.samples

    def __getitem__(self, key: tuple[str, int]) -> Batch:
        name, n = key
        made = self.make(n, stream(self.seed, name))
        made.check(f"the batch {name} (epoch, place)")
        return made.whole()

    def split(self, name: str, n: int) -> Split:
        return self.make(n, stream(self.seed, name))


@dataclass(frozen=True)
class Guess:
    """What something that is no network says to the validation split, in the shape of a network's own answers.

    answer: log-probabilities or numbers, (N, C) or (T', N, C); None: it has none. written: tokens (T', N).
    seconds: what it took to make, where that is of interest.
    """

    answer: Tensor | None
    written: Tensor | None = None
    seconds: float | None = None


class Later:
    """A guess that is made when it is first asked for: making it may fail, and is no reason for a run to."""

    def __init__(self, make: Callable[[], Guess]) -> None:
        self._make = make

    @cached_property
    def made(self) -> Guess:
        return self._make()

    @property
    def answer(self) -> Tensor | None:
        return self.made.answer

    @property
    def written(self) -> Tensor | None:
        return self.made.written

    @property
    def seconds(self) -> float | None:
        return self.made.seconds


# The best constant answer for "loss" or the score of that name, and what it is called.
Constants = Callable[[str, Loss], tuple[Guess, str]]


@dataclass(frozen=True)
class Data:
    """A task, ready to be trained on.

    pattern: a name in `rnn.PATTERNS`. reads, answers: names of the tokens (classes), or how many numbers.
    scores: makes the scores, empty. baseline: the trivial answer, and what it is called. constants: in its place,
    where another constant is best for another loss or score. references: others to set a network against. variants:
    other forms of the validation split, on which the trained network is scored too.
    exact: scores of the baseline that are known in closed form, by name of the loss or of the score.
    solved: (score, value) from which on the task counts as solved. dependency: time steps from an answer back to the
    last step without which it cannot be given, mean over samples; where two are needed, to the earlier.
    encode: one example from what a person types.
    vectors: an embedding that the task brings for some of its words. pairs: words whose vectors are worth comparing.
    remark: what readers of the score must know.
    """

    pattern: str
    train: Split | Stream
    val: Split
    reads: list[str] | int
    answers: list[str] | int
    scores: Callable[[], Scores]
    baseline: Guess
    baseline_name: str
    references: dict[str, Guess | Later] = field(default_factory=dict)
    variants: dict[str, Split] = field(default_factory=dict)
    exact: dict[str, float] = field(default_factory=dict)
    solved: tuple[str, float] | None = None
    dependency: float | None = None
    encode: Callable[[str], Batch] | None = None
    vectors: dict[str, list[float]] = field(default_factory=dict)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    remark: str | None = None
    constants: Constants | None = None

    @property
    def spec(self) -> dict[str, str | int | bool]:
        """What a network must be like to be trained on this: all that `build` needs to know of the data."""
        return {
            "pattern": self.pattern,
            "reads_tokens": isinstance(self.reads, list),
            "reads": len(self.reads) if isinstance(self.reads, list) else self.reads,
            "answers_tokens": isinstance(self.answers, list),
            "answers": len(self.answers) if isinstance(self.answers, list) else self.answers,
        }


def mean_loss(losses: Tensor, batch: Batch) -> Tensor:
    """Mean over all answers that count: a sample with more answers weighs more."""
    return batch.counted(losses).mean()


def total_loss(losses: Tensor, batch: Batch) -> Tensor:
    """Sum over all answers that count."""
    return batch.counted(losses).sum()


def own_losses(losses: Tensor, batch: Batch) -> Tensor:
    """(B,): for each sample the mean over its own answers."""
    if batch.y_mask is None:
        return losses
    return torch.where(batch.y_mask, losses, 0).sum(0) / batch.y_mask.sum(0).clamp_min(1)


def score(guess: Guess | Later, data: Data, loss: Loss) -> dict[str, float]:
    """The scores of a guess, keyed as a run's own (`val/loss`, `val/...`)."""
    batch, scores, found = data.val.whole(), data.scores(), {}
    if guess.answer is not None:
        found["val/loss"] = float(mean_loss(loss(guess.answer.double(), batch.y), batch))
    said = guess.answer if guess.written is None else guess.written
    assert said is not None
    scores.update(said, batch)
    return found | {f"val/{name}": value for name, value in scores.compute().items()}


def timed_score(guess: Guess | Later, data: Data, loss: Loss) -> dict[str, float]:
    """As `score`, and the `seconds` that it took to make the guess, where it says so."""
    found = score(guess, data, loss)
    return found if guess.seconds is None else found | {"seconds": guess.seconds}


def baseline_scores(data: Data, loss: Loss, loss_name: str) -> dict[str, float]:
    """The trivial baseline's scores, each of the constant that is best for it: in closed form where there is one."""
    found = score(data.baseline, data, loss)
    if data.constants is not None:
        for name in found:
            guess, _ = data.constants(name.removeprefix("val/"), loss)
            found[name] = score(guess, data, loss)[name]
    for name, value in data.exact.items():
        if f"val/{name}" in found:
            found[f"val/{name}"] = value
        if name == loss_name:
            found["val/loss"] = value
    return found


def baseline_name(data: Data, loss: Loss) -> str:
    """What the trivial baseline is called; where its figures stand on different constants, which on which."""
    if data.constants is None:
        return data.baseline_name
    scores = data.scores()
    called: dict[str, list[str]] = {}
    for each in dict.fromkeys([scores.main, "loss", *scores.metrics]):
        called.setdefault(data.constants(each, loss)[1], []).append(each)
    if len(called) == 1:
        return next(iter(called))
    return ", ".join(f"{name} ({', '.join(figures)})" for name, figures in called.items())


def shares(counts: Tensor) -> Tensor:
    """ln of the shares that these counts make, as an answer."""
    return (counts.double() / counts.sum()).log()


def most_frequent(train: Split, val: Split, classes: int) -> Guess:
    """Answering every time with the classes' shares in the training split; none is impossible."""
    return Guess(shares(torch.bincount(train.y, minlength=classes).clamp_min(1)).expand(len(val), -1))
