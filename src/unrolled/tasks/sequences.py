"""Sequences of numbers of the user's own, from an archive of numpy: an answer a sequence, or one a step."""

from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from unrolled.config.schema import TaskConfig
from unrolled.digits import counted
from unrolled.errors import UserError
from unrolled.rnn.init import stream

from .answers import in_order, notes_on, weighted
from .averages import Skill
from .constants import of_classes, of_numbers, of_shares
from .data import Data, Guess, Need, Split, most_frequent, shares
from .scores import classification, regression
from .sequences_file import Scale, SequencesReader, classes_of, numbers_of, places_of, split_of
from .tables.archive import Sequences, archive
from .tables.cheap import logistic_on, named, ridge_on
from .tables.cleaned import complete, delayed
from .tables.parts import Parts, check_classes, chosen, column_of, enough
from .tables.reading import KEY
from .units import Units
from .variants import enough_of, hidden, shuffled, some

FIFTH = 0.2
MOST_FREQUENT = "most frequent class"
MEAN = "mean of the training part"


def load(config: TaskConfig, seed: int) -> Data:
    """Returns the task. Raises UserError, which names the array and the place, for what is wrong with the archive."""
    found = complete(archive(config.file), config)
    if config.delay is not None:
        found = delayed(found, config.delay)
    classes = _classes(found, config)
    enough(len(found.lengths), "sequences", found.name)
    parts = _parts(found, config, classes)
    scale = _scale(found, parts, config)
    longest = int(found.lengths.max())
    T = min(longest, config.length or (longest if config.delay is None else config.delay + 1))
    y, names, units = _answers(found, classes, parts, config)
    train, val = (split_of(found, scale, y, rows, T) for rows in (parts.train, parts.val))
    places = places_of(found, parts.val, T, numbers_of(found.y) if classes is None else classes)
    if config.samples is not None:
        train = some(train, config.samples, stream(seed, "samples"))
    if config.shuffle_steps:
        train, val = (
            shuffled(split, stream(seed, f"shuffle/{name}"), aligned=found.by_step)
            for name, split in (("train", train), ("val", val))
        )
    notes = [_first(found, parts, T), *_on_scale(scale)]
    if isinstance(names, list):
        whole = found.y.dtype.kind in "iu"
        notes += notes_on([names[i] for i in _counted(train).tolist()], "y", found.name, whole=whole)
    data = Data(
        "sequence_to_sequence" if found.by_step else "sequence_to_vector",
        train,
        val,
        train.shape[2],
        names,
        variants=_variants(val),
        units=units,
        needs=_needs(config),
        dependency=None if config.delay is None else float(config.delay),
        notes=notes,
        places=places,
        read_file=SequencesReader(config, scale, names, units, found.by_step, train.shape[2]),
        **(_of_classes(found, train, val, names) if isinstance(names, list) else _of_numbers(found, train, val, units)),
    )
    return weighted(data, config)


def _classes(found: Sequences, config: TaskConfig) -> list[str] | None:
    """Returns the class of each answer; None if answers are numbers."""
    y = found.y
    wanted = config.answers or ("numbers" if y.dtype.kind == "f" or (y.ndim == 2 and y.shape[1] > 1) else "classes")
    if wanted == "numbers":
        if y.dtype.kind not in "iufb":
            raise UserError(f"{found.name}: y is {y.dtype}; allowed with task.answers=numbers: numbers", "task.answers")
        return None
    if y.ndim == 2 and y.shape[1] > 1:
        line = f"y has {y.shape[1]} columns; allowed with task.answers=classes: one"
        raise UserError(f"{found.name}: {line}", "task.answers")
    return classes_of(y)


def _parts(found: Sequences, config: TaskConfig, classes: list[str] | None) -> Parts:
    columns = {key: [str(each) for each in values.tolist()] for key, values in found.others.items()}
    for key, name in (("task.split_by", config.split_by), ("task.split", column_of(config))):
        if name is not None and name not in columns:
            listed = ", ".join(columns) or "none"
            raise UserError(
                f"{key}={name}: {found.name} has no such array; arrays of a value a sequence: {listed}", key
            )
    n = len(found.lengths)
    alike = classes if classes is not None and not found.by_step else None
    parts = chosen(config, columns=columns, alike=alike, n=n, file=found.name, rows=range(n))
    if alike is not None:
        check_classes(alike, parts, found.name, "class")
    return parts


def _scale(found: Sequences, parts: Parts, config: TaskConfig) -> Scale | None:
    """Returns mean and sd of the steps in the training part; None if they are not to be scaled."""
    if config.scale == "none":
        return None
    train = np.zeros(len(found.lengths), dtype=bool)
    train[parts.train] = True
    chosen_steps = np.repeat(train, found.lengths)
    n = int(chosen_steps.sum())
    mean = found.steps.sum(0, dtype=np.float64, where=chosen_steps[:, None]) / n
    square = np.zeros_like(mean)
    for e in range(found.steps.shape[1]):  # a column at a time: a copy of all would double the memory
        square[e] = np.square(found.steps[chosen_steps, e] - mean[e], dtype=np.float64).mean()
    return Scale(mean, np.sqrt(square))


def _on_scale(scale: Scale | None) -> list[str]:
    if scale is None:
        return []
    return [f"inputs by mean and sd of the training part: means {scale.mean.min():.3g} to {scale.mean.max():.3g}"]


def _answers(
    found: Sequences, classes: list[str] | None, parts: Parts, config: TaskConfig
) -> tuple[Tensor, list[str] | int, Units | None]:
    """Returns all answers, without a dimension of time, the classes or how many numbers there are, and the units."""
    if classes is not None:
        names = in_order(set(classes))
        return torch.from_numpy(pd.Categorical(classes, categories=names).codes.astype(np.int64)), names, None
    y = numbers_of(found.y)
    train = np.zeros(len(found.lengths), dtype=bool)
    train[parts.train] = True
    chosen_rows = np.repeat(train, found.lengths) if found.by_step else train
    names = [f"y{k}" if y.shape[1] > 1 else "y" for k in range(y.shape[1])]
    constant = np.flatnonzero(np.ptp(y[chosen_rows], axis=0) == 0)
    if len(constant):
        line = f"{names[constant[0]]} is {y[chosen_rows][0, constant[0]]:g} in the whole training part"
        raise UserError(f"{found.name}: {line}; there is nothing to learn", KEY)
    units = Units.of(y[chosen_rows], names, config.scale != "none")
    return units.standardised(torch.from_numpy(y)).float(), y.shape[1], units


def _first(found: Sequences, parts: Parts, T: int) -> str:
    n, lengths = len(found.lengths), found.lengths
    low, median, high = int(lengths.min()), float(np.median(lengths)), int(lengths.max())
    of = f"of {low} steps" if low == high else f"of {low} to {high} steps (median {median:g})"
    cut = f", of which the last {T} are read" if high > T else ""
    many = counted(found.steps.shape[1], "numbers")
    where = f"{len(parts.train):,} train, {len(parts.val):,} validate ({parts.how})"
    return f"{found.name}: {n:,} sequences {of}{cut}, {many} a step; {where}"


def _variants(val: Split) -> dict[str, Split]:
    chosen = enough_of(val)
    return {
        "the first fifth hidden": hidden(chosen, FIFTH, 0, first=True),
        "the last fifth hidden": hidden(chosen, FIFTH, 0, first=False),
    }


def _needs(config: TaskConfig) -> tuple[Need, ...]:
    return () if config.delay is None else (Need("delay", float(config.delay), "what decides the answer"),)


def _counted(split: Split) -> Tensor:
    return split.y if split.y_mask is None else split.y[split.y_mask]


def _of_classes(found: Sequences, train: Split, val: Split, names: list[str]) -> dict[str, Any]:
    C = len(names)
    if found.by_step:
        counts = torch.bincount(_counted(train), minlength=C).clamp_min(1)
        T = val.y.shape[1]
        logs = shares(counts).expand(T, len(val), -1)
        return {
            "scores": lambda: classification(C),
            "baseline": Guess(logs),
            "baseline_name": MOST_FREQUENT,
            "constants": of_shares((counts / counts.sum()).expand(T, -1), len(val), MOST_FREQUENT),
        }

    return {
        "scores": lambda: classification(C),
        "baseline": most_frequent(train, val, C),
        "baseline_name": MOST_FREQUENT,
        "references": {
            named("logistic on the mean step", train): logistic_on(mean_step, train, val, C),
            named("logistic on the last step", train): logistic_on(last_step, train, val, C),
        },
        "constants": of_classes(train, len(val), names, classification(C), MOST_FREQUENT),
    }


def _of_numbers(found: Sequences, train: Split, val: Split, units: Units | None) -> dict[str, Any]:
    answers = _counted(train).double()
    error = float((_counted(val).double() - answers.mean(0)).square().mean())
    more = {"skill": Skill(error)} if error > 0 else {}
    mean = answers.mean(0)
    shape = (val.y.shape[1], len(val), -1) if found.by_step else (len(val), -1)
    found_fields: dict[str, Any] = {
        "scores": lambda: regression(**{name: metric.clone() for name, metric in more.items()}),
        "baseline": Guess(mean.expand(*shape)),
        "baseline_name": MEAN,
        "exact": {"skill": 0.0} if more else {},
    }
    if found.by_step:
        return found_fields

    references = {
        named("ridge on the mean step", train): ridge_on(mean_step, train, val),
        named("ridge on the last step", train): ridge_on(last_step, train, val),
    }
    return found_fields | {"references": references, "constants": of_numbers(answers, len(val), units)}


def mean_step(split: Split) -> np.ndarray:
    """Returns the mean over the real steps of each sequence, (N, E)."""
    assert split.mask is not None
    return (split.x.sum(1) / split.mask.sum(1, keepdim=True)).numpy()


def last_step(split: Split) -> np.ndarray:
    """Returns the last step of each sequence, (N, E)."""
    return split.x[:, -1].numpy()
