"""The scores of a task: metrics of torchmetrics, and the few that it lacks, on the answers that count."""

from collections import Counter
from collections.abc import Callable

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.classification import BinaryAccuracy, BinaryF1Score, MulticlassAccuracy, MulticlassF1Score
from torchmetrics.text import BLEUScore

from unrolled.rnn import Batch
from unrolled.rnn.patterns import END, START

from .averages import AbsoluteError, Average, Bits, SquaredError, alone

WRITTEN_UNKNOWN = 2  # in every vocabulary that is written: a word too rare to learn, which is never right

View = Callable[[Tensor, Batch], tuple[Tensor, Tensor]]


class Scores:
    """Named metrics that see the same pairs. main: the one that decides which weights were best, `larger` or smaller.

    view: from a network's answers (what it wrote, where it writes) and a batch to (predicted, true).
    """

    def __init__(self, main: str, larger: bool, metrics: dict[str, Metric], view: View) -> None:
        self.main, self.larger, self.metrics, self.view = main, larger, metrics, view
        for metric in metrics.values():
            for part in metric.modules():  # a metric may hold others
                part.distributed_available_fn = alone  # type: ignore[assignment]

    def reset(self) -> None:
        for metric in self.metrics.values():
            metric.reset()

    def update(self, said: Tensor, batch: Batch) -> None:
        predicted, true = self.view(said.cpu(), Batch(*(None if part is None else part.cpu() for part in batch)))  # type: ignore[arg-type]
        for metric in self.metrics.values():
            metric.update(predicted, true)

    def compute(self) -> dict[str, float]:
        return {name: float(metric.compute()) for name, metric in self.metrics.items()}


def counted(said: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """(n, C) and (n,): the answers that count, one after the other."""
    return batch.counted(said), batch.counted(batch.y)


def classification(classes: int) -> Scores:
    """Accuracy and macro F1."""
    metrics: dict[str, Metric] = {
        "accuracy": MulticlassAccuracy(classes, average="micro"),
        "f1": MulticlassF1Score(classes, average="macro"),
    }
    return Scores("accuracy", True, metrics, counted)


def detection() -> Scores:
    """Of two classes the second is looked for: its F1, and accuracy."""

    def decided(said: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        return said.argmax(1), batch.y

    return Scores("f1", True, {"accuracy": BinaryAccuracy(), "f1": BinaryF1Score()}, decided)


def next_symbol(classes: int) -> Scores:
    """Accuracy, and bits: the mean of -log2 p(what came)."""
    metrics: dict[str, Metric] = {"bits": Bits(), "accuracy": MulticlassAccuracy(classes, average="micro")}
    return Scores("bits", False, metrics, counted)


def regression(**more: Metric) -> Scores:
    """Mean squared and mean absolute error."""
    return Scores("mse", False, {"mse": SquaredError(), "mae": AbsoluteError(), **more}, counted)


def writing(bleu: bool) -> Scores:
    """Of what a network writes by itself: share of right tokens, of wholly right sequences, and BLEU or token F1."""

    def tokens(said: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        assert batch.y_mask is not None
        true = torch.where(batch.y_mask, batch.y, START)
        return said.t(), torch.where(true == WRITTEN_UNKNOWN, -1, true).t()

    overlap = {"bleu": Bleu()} if bleu else {"token_f1": TokenF1()}
    metrics: dict[str, Metric] = {"token_accuracy": TokenAccuracy(), "exact_match": ExactMatch(), **overlap}
    return Scores(next(iter(overlap)), True, metrics, tokens)


class TokenAccuracy(Average):
    """Share of the true tokens, the END among them, that stand at their place."""

    def update(self, predicted: Tensor, true: Tensor) -> None:  # type: ignore[override]
        self.add((predicted == true)[true != START])


class ExactMatch(Average):
    """Share of sequences that are right from the first token to the END."""

    def update(self, predicted: Tensor, true: Tensor) -> None:  # type: ignore[override]
        self.add((predicted == true).all(1))


class TokenF1(Average):
    """Mean over sequences of the F1 of their tokens as bags, the END left out (Rajpurkar et al. 2016)."""

    def update(self, predicted: Tensor, true: Tensor) -> None:  # type: ignore[override]
        pairs = zip(predicted.tolist(), true.tolist(), strict=True)
        self.add(torch.tensor([_f1(Counter(_inner(p)), Counter(_inner(t))) for p, t in pairs], dtype=torch.float64))


class Bleu(BLEUScore):
    """BLEU-4 of the tokens, the END left out (Papineni et al. 2002)."""

    def update(self, predicted: Tensor, true: Tensor) -> None:  # type: ignore[override]
        super().update([_spaced(row) for row in predicted.tolist()], [[_spaced(row)] for row in true.tolist()])


def _inner(tokens: list[int]) -> list[int]:
    return [token for token in tokens if token not in (START, END)]


def _spaced(tokens: list[int]) -> str:
    return " ".join(map(str, _inner(tokens)))


def _f1(predicted: Counter, true: Counter) -> float:
    """1 where both are empty: nothing is what was to be written."""
    every = predicted.total() + true.total()
    return 2 * (predicted & true).total() / every if every else 1.0
