"""Scores that are a mean over single values, accumulated over batches as a sum in float64 and a count."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor
from torchmetrics import Metric


def not_distributed() -> bool:
    """Returns False: metrics are not reduced over ranks, because each rank validates the whole split."""
    return False


class Average(Metric):
    """Mean of all values of all batches, each counting once.

    torchmetrics' own MeanMetric ignores weights (nan_strategy="disable") and adds up in float32.
    """

    total: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__(sync_on_compute=False, distributed_available_fn=not_distributed)
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def add(self, values: Tensor) -> None:
        self.total += values.double().sum()
        self.count += values.numel()

    def update(self, values: Tensor) -> None:
        self.add(values)

    def compute(self) -> Tensor:
        """Returns the mean, nan without values."""
        return self.total / self.count


class SquaredError(Average):
    """Mean squared error over all numbers of all targets."""

    def update(self, predicted: Tensor, true: Tensor) -> None:  # type: ignore[override]
        self.add((predicted.double() - true.double()).square())


class AbsoluteError(Average):
    """Mean absolute error over all numbers of all targets."""

    def update(self, predicted: Tensor, true: Tensor) -> None:  # type: ignore[override]
        self.add((predicted.double() - true.double()).abs())


class Skill(SquaredError):
    """1 - MSE / (MSE of a reference): 1 is perfect, 0 no better than the reference, below 0 worse (Murphy 1988)."""

    def __init__(self, reference: float) -> None:
        super().__init__()
        self.reference = reference

    def compute(self) -> Tensor:
        return 1 - super().compute() / self.reference


class Bits(Average):
    """Cross-entropy in bits per symbol."""

    def update(self, predicted: Tensor, true: Tensor) -> None:  # type: ignore[override]
        self.add(F.cross_entropy(predicted.double(), true, reduction="none") / math.log(2))


class Recall(Average):
    """Share of the symbols to be remembered that were predicted correctly; blanks do not count."""

    def __init__(self, symbols: int) -> None:
        super().__init__()
        self.symbols = symbols

    def update(self, predicted: Tensor, true: Tensor) -> None:  # type: ignore[override]
        self.add((predicted.argmax(1) == true)[true < self.symbols])
