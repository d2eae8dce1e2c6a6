"""What every task hands over: examples as tensors, the names behind the numbers, the scores, and what to beat."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Generator, Tensor

from unrolled.rnn import Batch
from unrolled.rnn.init import stream

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

    def __len__(self) -> int:
        return len(self.y)

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
        return self.make(n, stream(self.seed, name)).whole()

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


@dataclass(frozen=True)
class Data:
    """A task, ready to be trained on.

    pattern: a name in `rnn.PATTERNS`. reads, answers: names of the tokens (classes), or how many numbers.
    scores: makes the scores, empty. baseline: the trivial answer, and what it is called. references: others to set a
    network against. variants: other forms of the validation split, on which the trained network is scored too.
    exact: scores of the baseline that are known in closed form, by name of the loss or of the score.
    solved: (score, value) from which on the task counts as solved. encode: one example from what a person types.
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
    references: dict[str, Guess] = field(default_factory=dict)
    variants: dict[str, Split] = field(default_factory=dict)
    exact: dict[str, float] = field(default_factory=dict)
    solved: tuple[str, float] | None = None
    encode: Callable[[str], Batch] | None = None
    vectors: dict[str, list[float]] = field(default_factory=dict)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    remark: str | None = None

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


def score(guess: Guess, data: Data, loss: Loss) -> dict[str, float]:
    """The scores of a guess, keyed as a run's own (`val/loss`, `val/...`)."""
    batch, scores, found = data.val.whole(), data.scores(), {}
    if guess.answer is not None:
        found["val/loss"] = float(mean_loss(loss(guess.answer.double(), batch.y), batch))
    said = guess.answer if guess.written is None else guess.written
    assert said is not None
    scores.update(said, batch)
    return found | {f"val/{name}": value for name, value in scores.compute().items()}


def baseline_scores(data: Data, loss: Loss, loss_name: str) -> dict[str, float]:
    """The trivial baseline's scores: in closed form where there is one."""
    found = score(data.baseline, data, loss)
    for name, value in data.exact.items():
        if f"val/{name}" in found:
            found[f"val/{name}"] = value
        if name == loss_name:
            found["val/loss"] = value
    return found


def shares(counts: Tensor) -> Tensor:
    """ln of the shares that these counts make, as an answer."""
    return (counts.double() / counts.sum()).log()


def most_frequent(train: Split, val: Split, classes: int) -> Guess:
    """Answering every time with the classes' shares in the training split."""
    return Guess(shares(torch.bincount(train.y, minlength=classes)).expand(len(val), -1))
