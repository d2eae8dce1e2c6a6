"""What every task hands over: splits as tensors, the names of its classes, and the scores to beat."""

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score


@dataclass(frozen=True)
class Split:
    """words int64 (N, T), left-padded; mask bool (N, T), True = real; label int64 (N,)."""

    words: Tensor
    mask: Tensor
    label: Tensor

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """A batch, time-major: words (T, B), mask (T, B), label (B,)."""
        return self.words[index].t(), self.mask[index].t(), self.label[index]


@dataclass(frozen=True)
class Data:
    """baseline: score of the trivial answer; references: other scores to set a network's against. Keys: `val/...`.

    variants: other forms of the validation split, on which the trained network is scored too.
    """

    train: Split
    val: Split
    vocabulary: list[str]
    classes: tuple[str, ...]
    baseline: dict[str, float]
    references: dict[str, dict[str, float]] = field(default_factory=dict)
    variants: dict[str, Split] = field(default_factory=dict)


def scores(classes: int) -> MetricCollection:
    """Accuracy and macro F1."""
    return MetricCollection(
        {
            "accuracy": MulticlassAccuracy(classes, average="micro"),
            "f1": MulticlassF1Score(classes, average="macro"),
        }
    )


def score_of(log_probability: Tensor, label: Tensor) -> dict[str, float]:
    """The scores of given answers, ln p (N, C), keyed as a run's own."""
    found = scores(log_probability.shape[1])(log_probability, label)
    loss = F.nll_loss(log_probability, label)
    return {**{f"val/{name}": float(value) for name, value in found.items()}, "val/loss": float(loss)}


def most_frequent(train: Split, val: Split, classes: int) -> dict[str, float]:
    """The score of answering every time with the classes' shares in the training split: the trivial baseline."""
    counts = torch.bincount(train.label, minlength=classes).double()
    return score_of((counts / counts.sum()).log().expand(len(val), -1), val.label)
