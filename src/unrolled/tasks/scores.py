"""Scores of a task on unmasked targets: metrics of torchmetrics, and the few that it lacks."""

from collections import Counter
from collections.abc import Callable

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.classification import BinaryAccuracy, BinaryF1Score, MulticlassAccuracy, MulticlassF1Score
from torchmetrics.text import BLEUScore

from unrolled.rnn import Batch
from unrolled.rnn.decoding import END, START

from .averages import AbsoluteError, Average, Bits, SquaredError, not_distributed

WRITTEN_UNKNOWN = 2  # in every output vocabulary: a rare word, for which no prediction is right

View = Callable[[Tensor, Batch], tuple[Tensor, Tensor]]


class Scores:
    """Named metrics over the same predictions.

    main: the metric that selects the best weights.
    larger: whether larger values of `main` are better.
    view: from a network's output (the tokens, if it writes) and a batch to (predicted, true).
    """

    def __init__(self, main: str, larger: bool, metrics: dict[str, Metric], view: View) -> None:
        self.main, self.larger, self.metrics, self.view = main, larger, metrics, view
        for metric in metrics.values():
            for part in metric.modules():  # a metric may hold others
                part.distributed_available_fn = not_distributed  # type: ignore[assignment]

    def reset(self) -> None:
        for metric in self.metrics.values():
            metric.reset()

    def update(self, output: Tensor, batch: Batch) -> None:
        predicted, true = self.view(output.cpu(), Batch(*(None if part is None else part.cpu() for part in batch)))  # type: ignore[arg-type]
        for metric in self.metrics.values():
            metric.update(predicted, true)

    def compute(self) -> dict[str, float]:
        return {name: float(metric.compute()) for name, metric in self.metrics.items()}


def counted(output: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Returns predictions (n, C) and targets (n,) that are not masked, one after the other."""
    return batch.counted(output), batch.counted(batch.y)


def classification(classes: int) -> Scores:
    """Returns the scores of a classification: accuracy and macro F1."""
    metrics: dict[str, Metric] = {
        "accuracy": MulticlassAccuracy(classes, average="micro"),
        "f1": MulticlassF1Score(classes, average="macro"),
    }
    return Scores("accuracy", True, metrics, counted)


def detection() -> Scores:
    """Returns the scores of a detection of the second of two classes: its F1, and accuracy."""

    def decided(output: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        return output.argmax(1), batch.y

    return Scores("f1", True, {"accuracy": BinaryAccuracy(), "f1": BinaryF1Score()}, decided)


def next_symbol(classes: int) -> Scores:
    """Returns the scores of a next-symbol prediction: bits, the mean of -log2 p(true symbol), and accuracy."""
    metrics: dict[str, Metric] = {"bits": Bits(), "accuracy": MulticlassAccuracy(classes, average="micro")}
    return Scores("bits", False, metrics, counted)


def regression(**more: Metric) -> Scores:
    """Returns the scores of a regression: mean squared and mean absolute error, and `more`."""
    return Scores("mse", False, {"mse": SquaredError(), "mae": AbsoluteError(), **more}, counted)


def writing(bleu: bool) -> Scores:
    """Returns the scores of generated text: token accuracy, exact match, and BLEU or token F1.

    bleu: BLEU, else token F1.
    """

    def tokens(output: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        assert batch.y_mask is not None
        true = torch.where(batch.y_mask, batch.y, START)
        return output.t(), torch.where(true == WRITTEN_UNKNOWN, -1, true).t()

    overlap = {"bleu": Bleu()} if bleu else {"token_f1": TokenF1()}
    metrics: dict[str, Metric] = {"token_accuracy": TokenAccuracy(), "exact_match": ExactMatch(), **overlap}
    return Scores(next(iter(overlap)), True, metrics, tokens)


class TokenAccuracy(Average):
    """Share of the true tokens, END included, that are predicted at their place."""

    def update(self, predicted: Tensor, true: Tensor) -> None:  # type: ignore[override]
        self.add((predicted == true)[true != START])


class ExactMatch(Average):
    """Share of sequences that are right from the first token to END."""

    def update(self, predicted: Tensor, true: Tensor) -> None:  # type: ignore[override]
        self.add((predicted == true).all(1))


class TokenF1(Average):
    """Mean over sequences of the F1 of their bags of tokens, without END (Rajpurkar et al. 2016)."""

    def update(self, predicted: Tensor, true: Tensor) -> None:  # type: ignore[override]
        pairs = zip(predicted.tolist(), true.tolist(), strict=True)
        self.add(torch.tensor([_f1(Counter(_inner(p)), Counter(_inner(t))) for p, t in pairs], dtype=torch.float64))


class Bleu(BLEUScore):
    """BLEU-4 of the tokens, without END (Papineni et al. 2002)."""

    def update(self, predicted: Tensor, true: Tensor) -> None:  # type: ignore[override]
        super().update([_spaced(row) for row in predicted.tolist()], [[_spaced(row)] for row in true.tolist()])


def _inner(tokens: list[int]) -> list[int]:
    return [token for token in tokens if token not in (START, END)]


def _spaced(tokens: list[int]) -> str:
    return " ".join(map(str, _inner(tokens)))


def _f1(predicted: Counter, true: Counter) -> float:
    """Returns the F1 of two bags, 1 if both are empty."""
    every = predicted.total() + true.total()
    return 2 * (predicted & true).total() / every if every else 1.0
