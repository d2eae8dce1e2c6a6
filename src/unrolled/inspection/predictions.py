"""Predictions of a trained network for examples of a file: one for each place, written as a table."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from unrolled.record.files import replacing
from unrolled.tasks.data import Data, Split
from unrolled.tasks.places import NOWHERE, Places
from unrolled.tasks.writing import spelled
from unrolled.training.data import VALIDATION_BATCH
from unrolled.training.module import RecurrentModule, to_device

MOST_CLASSES = 10  # with a column of probabilities each
TRUE, PREDICTED, PROBABILITY = "true", "predicted", "probability"


@dataclass(frozen=True)
class Predictions:
    """P predictions and their places.

    predicted: classes or texts, or numbers in the units of the data, float64 (P, K).
    names: of the K numbers.
    classes: names of C classes; empty for texts and numbers.
    shares: their probabilities, float64 (P, C); None for texts and numbers.
    """

    places: Places
    predicted: list[str] | np.ndarray
    names: list[str]
    classes: list[str]
    shares: np.ndarray | None


def predictions(module: RecurrentModule, data: Data, split: Split, places: Places) -> Predictions:
    """Returns the predictions of a network for a split, of which `places` are the places."""
    module.eval()
    if module.network.writes:
        assert isinstance(data.answers, list)
        names = data.answers
        written = [row for part in _answers(module, split) for row in part.tolist()]
        return Predictions(places, [spelled(row, names, data.separator) for row in written], [], [], None)
    answers = torch.cat([_at_places(part, split, rows) for part, rows in _with_rows(module, split)])
    if isinstance(data.answers, list):
        shares = answers.double().softmax(1)
        predicted = [data.answers[i] for i in shares.argmax(1).tolist()]
        return Predictions(places, predicted, [], data.answers, shares.numpy())
    numbers = answers.double() if data.units is None else data.units.original(answers)
    base = 0.0 if places.base is None else places.base
    names = [str(k) for k in range(data.answers)] if data.units is None else data.units.names
    return Predictions(places, numbers.numpy() + base, names, [], None)


def _rows(split: Split) -> Sequence[Tensor]:
    return torch.arange(len(split)).split(VALIDATION_BATCH)


@torch.no_grad()
def _answers(module: RecurrentModule, split: Split) -> Iterator[Tensor]:
    """Yields the answers to the examples in order, (n, C) or (n, T', C), or the tokens that are written, (n, T')."""
    for rows in _rows(split):
        batch = to_device(split[rows], module.device)
        found = module.network.write(batch) if module.network.writes else module.network(batch)  # type: ignore[operator]
        yield (found if split.y_mask is None else found.transpose(0, 1)).cpu()


def _with_rows(module: RecurrentModule, split: Split) -> Iterator[tuple[Tensor, Tensor]]:
    yield from zip(_answers(module, split), _rows(split), strict=True)


def _at_places(answers: Tensor, split: Split, rows: Tensor) -> Tensor:
    return answers if split.y_mask is None else answers[split.y_mask[rows]]


def write(file: Path, found: Predictions) -> None:
    """Writes a table: place, further columns, true and predicted answers, and probabilities."""
    with replacing(file) as draft, draft.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(head(found))
        writer.writerows(_lines(found))


def head(found: Predictions) -> list[str]:
    """Returns the names of the columns."""
    places, answers = found.places, [TRUE, PREDICTED]
    if len(found.names) > 1:
        answers = [f"{what} {name}" for name in found.names for what in (TRUE, PREDICTED)]
    shares = [PROBABILITY] if found.shares is not None else []
    if found.shares is not None and len(found.classes) <= MOST_CLASSES:
        shares += [f"{PROBABILITY} of {name}" for name in found.classes]
    ours = {places.what, *answers, *shares}
    return [places.what, *(f"{name} (file)" if name in ours else name for name in places.columns), *answers, *shares]


def _lines(found: Predictions) -> Iterator[list[object]]:
    places, many = found.places, len(found.classes) > MOST_CLASSES
    columns = list(places.columns.values())
    for i, number in enumerate(places.numbers.tolist()):
        line: list[object] = ["" if number == NOWHERE else number, *(values[i] for values in columns)]
        for true, predicted in _pairs(places.true[i], found.predicted[i]):
            line += [true, predicted]
        if found.shares is not None:
            shares = found.shares[i]
            line += [f"{share:z.6f}" for share in (shares.max(), *(() if many else shares))]
        yield line


def _pairs(true: str | np.ndarray, predicted: str | np.ndarray) -> list[tuple[str, str]]:
    if isinstance(true, str) or isinstance(predicted, str):
        return [(str(true), str(predicted))]
    return [("" if np.isnan(y) else f"{y:.15g}", f"{p:.9g}") for y, p in zip(true, predicted, strict=True)]


def sentence(found: Predictions) -> str | None:
    """Returns how good the predictions are where the answer is known; None if it is known nowhere."""
    true = found.places.true
    if isinstance(true, np.ndarray):
        assert isinstance(found.predicted, np.ndarray)
        scores = [_error(y, p, name) for y, p, name in zip(true.T, found.predicted.T, found.names, strict=True)]
        return "; ".join(filter(None, scores)) or None
    known = [(y, p) for y, p in zip(true, found.predicted, strict=True) if y]
    if not known:
        return None
    right = sum(y == p for y, p in known)
    return f"{right:,} of {len(known):,} with a known answer are right ({right / len(known):.1%})"


def _error(true: np.ndarray, predicted: np.ndarray, name: str) -> str:
    known = ~np.isnan(true)
    if not known.any():
        return ""
    error = np.sqrt(np.square(predicted[known] - true[known]).mean())
    return f"root mean squared error of {name}: {error:.4g} ({int(known.sum()):,} with a known answer)"
