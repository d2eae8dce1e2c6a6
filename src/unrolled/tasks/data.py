"""`Data`, the interface of a task: examples as tensors, names of tokens and classes, scores and baselines."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor

from unrolled.errors import UserError
from unrolled.rnn import Batch
from unrolled.rnn.init import stream
from unrolled.rnn.masking import blanked, first_not_finite

from .places import Examples, Places
from .scores import Scores
from .units import Units

PIECE = 1 << 20  # values of x that are worked on at once
Loss = Callable[[Tensor, Tensor], Tensor]  # predictions (..., C) and y (...) -> one loss per prediction (...)


@dataclass(frozen=True)
class Split:
    """Examples in memory, with the fields of `Batch`; the first dimension is the sample.

    x: tokens int64 (N, T), numbers (N, T, E) or vectors (N, D).
    mask: bool (N, T), None for vectors.
    y: targets, (N,), (N, K), (N, T') or (N, T', K).
    y_mask: bool (N, T') if there is a target at each step, else None.
    """

    x: Tensor
    mask: Tensor | None
    y: Tensor
    y_mask: Tensor | None = None

    def __post_init__(self) -> None:
        """Sets masked values to 0."""
        for name, mask in (("x", self.mask), ("y", self.y_mask)):
            values: Tensor = getattr(self, name)
            if mask is None or not (_plain(mask) and _plain(values)):
                continue
            if mask.dtype == torch.bool and mask.shape == values.shape[:2]:
                object.__setattr__(self, name, blanked(values, mask))

    def __len__(self) -> int:
        return len(self.y)

    @property
    def shape(self) -> torch.Size:
        """Returns the shape of x."""
        return self.x.shape

    def inputs(self, rows: Tensor) -> Tensor:
        """Returns x of the examples at these places."""
        return self.x[rows]

    def only(self, rows: Tensor) -> "Split":
        """Returns the examples at these places."""
        mask, y_mask = (None if each is None else each[rows] for each in (self.mask, self.y_mask))
        return Split(self.inputs(rows), mask, self.y[rows], y_mask)

    def pieces(self, rows: Tensor | None = None) -> Iterator["Split"]:
        """Yields examples a few at a time, because a copy of all in another form need not fit into memory.

        rows: their places; None: all in order.
        """
        each = max(PIECE // max(self.shape[1:].numel(), 1), 1)
        every = torch.arange(len(self)) if rows is None else rows
        return (self.only(part) for part in every.split(each) if len(part))

    def check(self, name: str) -> None:
        """Raises UserError for nan and inf in unmasked values, which would look like a divergence of the training.

        name: the split's, for the message.
        """
        first = 0
        for piece in self.pieces():
            piece.check_from(name, first)
            first += len(piece)

    def check_from(self, name: str, first: int) -> None:
        """Raises UserError as `check` does. first: the place of the first example in the whole split."""
        for field_name, values, by_step in (
            ("x", self.x, self.mask is not None),
            ("y", self.y, self.y_mask is not None),
        ):
            wrong = first_not_finite(values.transpose(0, 1) if by_step else values, by_step)
            if wrong is not None:
                where = wrong._replace(sample=wrong.sample + first)
                raise UserError(
                    f"{field_name} of {name} is {where}: allowed are finite numbers, and anything under a mask"
                )

    def __getitem__(self, rows: Tensor) -> Batch:
        mask, y_mask = (None if part is None else part[rows] for part in (self.mask, self.y_mask))
        return self._batch(self.inputs(rows), mask, self.y[rows], y_mask)

    def whole(self) -> Batch:
        return self._batch(self.x, self.mask, self.y, self.y_mask)

    def unread(self) -> Batch:
        """Returns all examples for scores, which do not read x: it may be empty."""
        return self.whole()

    @staticmethod
    def _batch(x: Tensor, mask: Tensor | None, y: Tensor, y_mask: Tensor | None) -> Batch:
        """Returns the examples with time first, where there are time steps."""
        x, mask = (x, None) if mask is None else (x.transpose(0, 1), mask.t())
        y, y_mask = (y, None) if y_mask is None else (y.transpose(0, 1), y_mask.t())
        return Batch(x, mask, y, y_mask)


def _plain(values: object) -> bool:
    return isinstance(values, Tensor) and values.layout == torch.strided and values.device.type == "cpu"


@dataclass(frozen=True)
class Stream:
    """Examples generated on demand, none twice; a batch is a pure function of the seed and its name.

    make: (n, generator) -> n examples.
    samples: examples an epoch.
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
    """Predictions of a non-neural baseline on the validation split, in the format of a network's output.

    answer: log-probabilities or numbers, (N, C) or (T', N, C), None: the baseline has no loss.
    written: tokens (T', N), for scores of texts.
    seconds: time to fit and predict, None: of no interest.
    """

    answer: Tensor | None
    written: Tensor | None = None
    seconds: float | None = None


class Later:
    """A `Guess` that is computed at the first access, so that its failure need not end the run."""

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


class Need(NamedTuple):
    """How far back the answers depend on the input.

    name: of what is back there, such as "season".
    lag: time steps from the last one that is read, 0 the last itself.
    what: a clause that names it, such as "what was one season (11 rows) before the forecast".
    """

    name: str
    lag: float
    what: str


# From "loss" or the name of a score, and the loss, to the best constant prediction and its name.
Constants = Callable[[str, Loss], tuple[Guess, str]]


@dataclass(frozen=True)
class Data:
    """A task, ready for training.

    pattern: a name in `rnn.PATTERNS`.
    reads: names of the input tokens, or the number of input features.
    answers: names of the output tokens or classes, or the number of outputs.
    scores: makes the scores, empty.
    baseline, baseline_name: the trivial prediction, and its name.
    references: further baselines, by name.
    variants: perturbed validation splits, by name; the trained network is scored on each.
    exact: scores of the trivial baseline in closed form, by name of the loss or of the score.
    solved: (score, value) from which on the task counts as solved.
    dependency: time steps between a target and the input that it depends on, the earlier of two, mean over samples.
    encode: makes one example from text that a user types.
    pieces: from that text to its words or letters, as `reads` names them.
    separator: between the words or letters that a network writes; None: none between single letters, else a space.
    places: where the validation answers stand in the file of a user's own.
    read_file: makes examples from another file, in the scale and with the vocabulary of the training part.
    vectors: pretrained embedding of some words.
    pairs: words whose embeddings are compared.
    remark: a caution about the scores, printed with them.
    constants: the best constant prediction for each loss and score, in place of `baseline`.
    times: names of the time steps, for a network that reads numbers.
    units: the scale of answers that are numbers; None: they have that of the data.
    weights: how much the loss of a target of each class counts; empty: each counts 1.
    defaults: what the task asks for where the configuration leaves it open: loss, embedding, dim, hidden, epochs.
    needs: how far back the answers depend on the input, where the data show it.
    notes: lines about the data, printed before training.
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
    pieces: Callable[[str], list[str]] | None = None
    separator: str | None = None
    places: Places | None = None
    read_file: Callable[[str], Examples] | None = None
    vectors: dict[str, list[float]] = field(default_factory=dict)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    remark: str | None = None
    constants: Constants | None = None
    times: Sequence[str] = ()
    units: Units | None = None
    weights: Sequence[float] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    needs: Sequence[Need] = ()
    notes: Sequence[str] = ()

    @property
    def spec(self) -> dict[str, Any]:
        """Returns what `training.network.build` needs to know of the data."""
        weights = {"weights": list(self.weights)} if len(self.weights) else {}
        return {
            **weights,
            "pattern": self.pattern,
            "reads_tokens": isinstance(self.reads, list),
            "reads": len(self.reads) if isinstance(self.reads, list) else self.reads,
            "answers_tokens": isinstance(self.answers, list),
            "answers": len(self.answers) if isinstance(self.answers, list) else self.answers,
        }


def mean_loss(losses: Tensor, batch: Batch) -> Tensor:
    """Returns the mean over unmasked targets; a sample with more targets weighs more. losses: (...), as `y`."""
    return batch.counted(losses).mean()


def total_loss(losses: Tensor, batch: Batch) -> Tensor:
    """Returns the sum over unmasked targets. losses: (...), as `y`."""
    return batch.counted(losses).sum()


def own_losses(losses: Tensor, batch: Batch) -> Tensor:
    """Returns the mean over each sample's unmasked targets, (B,). losses: (B,), or (T', B) for T' targets."""
    if batch.y_mask is None:
        return losses
    return torch.where(batch.y_mask, losses, 0).sum(0) / batch.y_mask.sum(0).clamp_min(1)


def score(guess: Guess | Later, data: Data, loss: Loss) -> dict[str, float]:
    """Returns the scores of a baseline on the validation split, under a run's keys (`val/loss`, `val/...`)."""
    batch, scores, found = data.val.unread(), data.scores(), {}
    if guess.answer is not None:
        found["val/loss"] = float(mean_loss(loss(guess.answer.double(), batch.y), batch))
    predicted = guess.answer if guess.written is None else guess.written
    assert predicted is not None
    scores.update(predicted, batch)
    return found | {f"val/{name}": value for name, value in scores.compute().items()}


def timed_score(guess: Guess | Later, data: Data, loss: Loss) -> dict[str, float]:
    """Returns the scores of a baseline, and its `seconds` if it was timed."""
    found = score(guess, data, loss)
    return found if guess.seconds is None else found | {"seconds": guess.seconds}


def baseline_scores(data: Data, loss: Loss, loss_name: str) -> dict[str, float]:
    """Returns the trivial baseline's scores, each by the constant that is best for it, in closed form if known.

    loss_name: the configuration's, as `Data.exact` has it.
    """
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
    """Returns the trivial baseline's name; with several constants each name is followed by its scores."""
    if data.constants is None:
        return data.baseline_name
    scores = data.scores()
    scored: dict[str, list[str]] = {}
    for each in dict.fromkeys([scores.main, "loss", *scores.metrics]):
        scored.setdefault(data.constants(each, loss)[1], []).append(each)
    if len(scored) == 1:
        return next(iter(scored))
    return ", ".join(f"{name} ({', '.join(figures)})" for name, figures in scored.items())


def shares(counts: Tensor) -> Tensor:
    """Returns log-probabilities proportional to the counts, in float64."""
    return (counts.double() / counts.sum()).log()


def most_frequent(train: Split, val: Split, classes: int) -> Guess:
    """Returns the baseline that predicts the frequencies of the training split; no class has probability 0."""
    return Guess(shares(torch.bincount(train.y, minlength=classes).clamp_min(1)).expand(len(val), -1))
