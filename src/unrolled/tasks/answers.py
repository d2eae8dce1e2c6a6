"""What the answers of a user's own data are: classes or numbers, and how much each class counts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from unrolled.config.schema import TaskConfig
from unrolled.errors import UserError

from .constants import always
from .data import Data, Guess, Loss, Split
from .tables.parts import Parts
from .tables.reading import Frame, is_numeric, numbers, texts

KEY = "task.answers"
MOST_CLASSES = 1000
SHOWN = 8  # classes in a message


@dataclass(frozen=True)
class Answers:
    """The answers of N examples.

    classes: a name for each; None: they are numbers.
    numbers: float64 (N, 1); None: they are classes.
    notes: lines on what was decided.
    """

    classes: list[str] | None
    numbers: np.ndarray | None
    notes: list[str]

    def names(self, rows: np.ndarray) -> list[str]:
        """Returns the classes of these examples, numbers in their order, others alphabetically."""
        assert self.classes is not None
        return in_order({self.classes[i] for i in rows})

    def split(self, parts: Parts) -> tuple[np.ndarray, np.ndarray]:
        """Returns the numbers of the training and of the validation part."""
        assert self.numbers is not None
        return self.numbers[parts.train], self.numbers[parts.val]


def in_order(names: set[str]) -> list[str]:
    """Returns names as numbers are ordered if all are numbers, else alphabetically."""
    try:
        return sorted(names, key=lambda name: (float(name), name))
    except ValueError:
        return sorted(names)


def answers_of(values: Frame, name: str, config: TaskConfig, file: str, rows: Sequence[int]) -> Answers:
    """Returns the answers in a column: whole numbers and texts are classes, other numbers numbers.

    values: the column, without missing values.
    rows: the place of each in the file.
    Raises UserError for one class only, more than `MOST_CLASSES`, or a text where numbers are wanted.
    """
    numeric = is_numeric(values)
    whole = numeric and bool((values == values.round()).all())
    wanted = config.answers or ("numbers" if numeric and not whole else "classes")
    if wanted == "numbers":
        whole_column = pd.Series(index=range(max(rows) + 1), dtype=object)
        whole_column.loc[list(rows)] = values.to_numpy()
        found = numbers(whole_column, name, file, config.thousands)[list(rows)]
        if np.ptp(found) == 0:
            raise UserError(f"{Path(file).name}: {name} is {found[0]:g} in all rows; there is nothing to learn", KEY)
        return Answers(None, found[:, None], [f"{name}: numbers from {found.min():g} to {found.max():g}"])
    classes = class_names(values)
    return Answers(classes, None, notes_on(classes, name, file, whole=whole))


def class_names(values: Frame) -> list[str]:
    """Returns a column as names of classes, "" where a value is missing; equal numbers have equal names."""
    return texts(values.astype(float) if is_numeric(values) else values)


def unknown_class(where: str, value: str, classes: Sequence[str]) -> UserError:
    """Returns the error for an answer that is no class of a run. where: file, row and column, and a verb."""
    few = ", ".join(classes[:SHOWN]) + (f" and {len(classes) - SHOWN} more" if len(classes) > SHOWN else "")
    return UserError(f"{where} {value!r}, which is no class of the run; its classes: {few}")


def notes_on(classes: Sequence[str], name: str, file: str, *, whole: bool) -> list[str]:
    """Returns lines on the classes. Raises UserError for one alone, or for more than `MOST_CLASSES`.

    whole: whether they are whole numbers.
    """
    counts = Counter(classes)
    n, where = len(counts), Path(file).name
    instead = f"; {KEY}=numbers for a regression" if whole else ""
    if n < 2:
        raise UserError(f"{where}: {name} is {classes[0]!r} for all examples; allowed: 2 classes or more", KEY)
    if n > MOST_CLASSES:
        raise UserError(f"{where}: {name} has {n:,} values; allowed: {MOST_CLASSES:,} classes{instead}", KEY)
    if whole:
        return [f"{name} has {n} whole values: taken as {n} classes{instead}"]
    few = ", ".join(f"{each!r} {count / len(classes):.0%}" for each, count in counts.most_common(4))
    alike = _alike(counts)
    lines = [f"{name}: {n} classes ({few}{', ...' if n > 4 else ''})"]
    return lines + [f"{name}: {' and '.join(map(repr, alike))} differ in case or blanks alone"] * bool(alike)


def _alike(names: Iterable[str]) -> list[str]:
    """Returns the first names that are equal but for case and blanks; [] if there are none."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(" ".join(name.split()).casefold(), []).append(name)
    return next((each for each in found.values() if len(each) > 1), [])


def weighted(data: Data, config: TaskConfig) -> Data:
    """Returns the data with a weight for each class, if the configuration asks for it.

    balanced: n / (C n_c), with n_c of n training targets in class c of C; the mean weight of a target is 1.
    """
    if config.weights != "balanced":
        return data
    if not isinstance(data.answers, list):
        key = "task.weights"
        raise UserError(f"{key}=balanced: the answers are numbers; allowed with classes alone", key)
    assert isinstance(data.train, Split)
    train = data.train
    y = train.y if train.y_mask is None else train.y[train.y_mask]
    counts = torch.bincount(y.flatten(), minlength=len(data.answers)).clamp_min(1).double()
    C, n, constants = len(counts), len(data.val), data.constants
    weights = (y.numel() / (C * counts)).tolist()

    def best(score: str, loss: Loss) -> tuple[Guess, str]:
        """With balanced weights each class counts as if it were as frequent as any other."""
        if score == "loss" or constants is None:
            return always(torch.full((C,), 1 / C), n), "each class alike"
        return constants(score, loss)

    shown = ", ".join(f"{name} {weight:.3g}" for name, weight in zip(data.answers[:8], weights, strict=False))
    notes = [*data.notes, f"weights of the classes in the loss: {shown}{', ...' if C > 8 else ''}"]
    return replace(data, weights=weights, constants=best, notes=notes)
