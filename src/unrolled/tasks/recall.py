"""Recall of symbols after a delay, the base of `copy` and `noiseless_memorization`."""

import math

import torch
from torch import Generator
from torchmetrics.classification import MulticlassAccuracy

from unrolled.config.schema import TaskConfig

from .averages import Recall
from .constants import always, of_shares
from .data import Data, Split
from .generated import generated
from .scores import Scores, counted


def recalled(config: TaskConfig, seed: int, symbols: int, items: int) -> Data:
    """Returns the task of repeating symbols after a delay, sequence to sequence.

    symbols: kinds of symbols.
    items: symbols to remember.
    The input has the items, `task.delay` steps of which the last is the signal and the others blank, then `items`
    blanks. The target is blank until the recall, the last `items` steps.
    """
    delay = _delay(config, items)
    blank, signal, T = symbols, symbols + 1, delay + 2 * items

    def make(n: int, generator: Generator) -> Split:
        shown = torch.randint(0, symbols, (n, items), generator=generator)
        x, y = torch.full((n, T), blank), torch.full((n, T), blank)
        x[:, :items], y[:, -items:] = shown, shown
        x[:, items + delay - 1] = signal
        real = torch.ones(n, T, dtype=torch.bool)
        return Split(x, real, y, real)

    p = torch.zeros(T, symbols + 1)
    p[:-items, blank] = 1.0
    p[-items:, :symbols] = 1 / symbols

    def scores() -> Scores:
        metrics = {"recall": Recall(symbols), "accuracy": MulticlassAccuracy(symbols + 1, average="micro")}
        return Scores("recall", True, metrics, counted)

    name, names = "blanks, then any symbol", [f"symbol {i}" for i in range(symbols)]
    return generated(
        config,
        seed,
        make,
        pattern="sequence_to_sequence",
        reads=[*names, "blank", "signal"],
        answers=[*names, "blank"],
        scores=scores,
        baseline=lambda val: always(p, len(val)),
        baseline_name=name,
        exact={
            "cross_entropy": items * math.log(symbols) / T,
            "recall": 1 / symbols,
            "accuracy": 1 - items / T * (1 - 1 / symbols),
        },
        solved=("recall", 0.99),
        dependency=delay + items,
        constants=lambda n: of_shares(p, n, name),
    )


def _delay(config: TaskConfig, items: int) -> int:
    """Returns `task.delay`, or what `task.length` leaves for it."""
    delay = config.delay if config.length is None else config.length - 2 * items
    assert delay is not None and delay > 0
    return delay
