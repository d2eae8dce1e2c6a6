"""Forecasts from a table of the user's own, sequence to vector: a window of rows in, the target some rows later out."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from unrolled.config.schema import TaskConfig
from unrolled.errors import UserError
from unrolled.rnn.init import stream

from .averages import Skill, SquaredError
from .data import Data, Guess, Later, Need, Split
from .places import ROW, Places
from .scores import regression
from .series_file import SeriesReader, windows_of
from .tables.cheap import named, ridge_on
from .tables.reading import KEY
from .tables.series_table import Table, input_units, read, scaled
from .tables.windows import windows
from .units import Units
from .variants import enough_of, hidden, shuffled

FIFTH = 0.2
LAST = "as the last step"
MOST_FEATURES = 2000  # numbers in a window from which on no linear model is fitted


@dataclass(frozen=True)
class Cut:
    """The windows of a part.

    first: place of each window's first row in the table, int64 (N,).
    split: what is read, scaled, and the answers, scaled.
    last: the targets' values at the last row that is read, in the table's units, float64 (N, K).
    """

    first: np.ndarray
    split: Split
    last: np.ndarray


def load(config: TaskConfig, seed: int) -> Data:
    """Returns the task. Raises UserError, which names file, row and column, for what is wrong with the table."""
    table = read(config)
    train_first, val_first = places(table, config)
    read_units = input_units(table, config)
    inputs = scaled(table.input_values, read_units)
    answers = _answers(table, config, np.concatenate([train_first, val_first]))
    n = len(train_first)
    _check_varies(answers[:n], table, config)
    units = Units.of(answers[:n], list(table.targets), config.scale != "none")
    values = torch.from_numpy(inputs.astype(np.float32))
    train, val = (
        _cut(values, table, first, part, units, config)
        for first, part in ((train_first, answers[:n]), (val_first, answers[n:]))
    )
    train_split, val_split = train.split, val.split
    if config.shuffle_steps:
        train_split = shuffled(train_split, stream(seed, "shuffle/train"))
        val_split = shuffled(val_split, stream(seed, "shuffle/val"))
    trivial = val.last * 0 if config.difference else val.last
    guess = Guess(units.standardised(torch.from_numpy(trivial)))
    error = float((guess.answer.double() - val_split.y.double()).square().mean())  # type: ignore[union-attr]
    more = {"skill": Skill(error)} if error > 0 else {}
    by_target = (
        {f"mse of {name}": ColumnError(k) for k, name in enumerate(table.targets)} if len(units.names) > 1 else {}
    )
    window = val_split.shape[1]
    return Data(
        "sequence_to_vector",
        train_split,
        val_split,
        len(table.inputs),
        len(table.targets),
        lambda: regression(**{name: metric.clone() for name, metric in (more | by_target).items()}),
        guess,
        "no change" if config.difference else LAST,
        references=_references(table, config, train, val, units),
        variants={
            "the first fifth hidden": hidden(enough_of(val_split), FIFTH, 0, first=True),
            "the last fifth hidden": hidden(enough_of(val_split), FIFTH, 0, first=False),
        },
        exact={"skill": 0.0} if more else {},
        times=[f"{t - window + 1:+d}" if t < window - 1 else "now" for t in range(window)],
        units=units,
        needs=_needs(table, config),
        notes=_notes(table, config, n, len(val_first), units),
        places=_places(table, config, val),
        read_file=SeriesReader(config, read_units, units),
    )


def _places(table: Table, config: TaskConfig, val: Cut) -> Places:
    assert config.window is not None and config.horizon is not None
    answer = val.first + config.window - 1 + config.horizon
    columns = {name: values[answer] for name, values in table.labels.items()}
    base = val.last if config.difference else None
    return Places(ROW, table.rows[answer], table.target_values[answer], columns, base)


def places(table: Table, config: TaskConfig) -> tuple[np.ndarray, np.ndarray]:
    """Returns the places of the first rows of the windows that train, and of those that validate.

    A training window reads and forecasts training rows alone. A validation window forecasts a validation row, and may
    read the training rows before it. Raises UserError if a part has no window.
    """
    assert config.window is not None and config.horizon is not None
    found: list[list[np.ndarray]] = [[], []]
    sizes = {"window": config.window, "horizon": config.horizon}
    for rows in table.series:
        whole, part = table.whole[rows], table.part[rows]
        begin = rows.start
        found[0].append(begin + windows(whole & (part == 0), whole & (part == 0), **sizes))
        found[1].append(begin + windows(whole & (part < 2), whole & (part == 1), **sizes))
    train, val = (np.concatenate(each) for each in found)
    for name, number, first in (("training", 0, train), ("validation", 1, val)):
        if not len(first):
            raise _too_long(table, config, name, int((table.part == number).sum()))
    return train, val


def _check_varies(answers: np.ndarray, table: Table, config: TaskConfig) -> None:
    """Raises UserError for a target that is one number in all training windows."""
    constant = np.flatnonzero(np.ptp(answers, axis=0) == 0)
    if len(constant):
        what = "the change of " if config.difference else ""
        line = f"{what}{table.targets[constant[0]]} is {answers[0, constant[0]]:g} in all training windows"
        raise UserError(f"{table.name}: {line}; there is nothing to learn", KEY)


def _too_long(table: Table, config: TaskConfig, name: str, rows: int) -> UserError:
    gaps = not bool(table.whole.all())
    longest = max(int((table.part[each] == 0).sum()) for each in table.series) - (config.horizon or 1)
    each = f" in {len(table.series):,} series" if len(table.series) > 1 else ""
    why = f"the {name} part has {rows:,} rows{each}" + (" and gaps" if gaps else "")
    allowed = "task.missing=interpolate or last fills the gaps" if gaps else f"allowed: at most {longest:,}"
    return UserError(f"task.window={config.window}: {why}, and no window of it is left; {allowed}", "task.window")


def _answers(table: Table, config: TaskConfig, first: np.ndarray) -> np.ndarray:
    """Returns the answer to each window in the table's units, float64 (N, K)."""
    assert config.window is not None and config.horizon is not None
    last = first + config.window - 1
    values = table.target_values
    return values[last + config.horizon] - values[last] if config.difference else values[last + config.horizon]


def _cut(  # noqa: PLR0917
    values: Tensor, table: Table, first: np.ndarray, answers: np.ndarray, units: Units, config: TaskConfig
) -> Cut:
    assert config.window is not None
    y = units.standardised(torch.from_numpy(answers)).float()
    return Cut(first, windows_of(values, first, config.window, y), table.target_values[first + config.window - 1])


def _references(table: Table, config: TaskConfig, train: Cut, val: Cut, units: Units) -> dict[str, Guess | Later]:
    found: dict[str, Guess | Later] = {}
    if table.season is not None and (ago := _a_season_ago(table, config, val, table.season)) is not None:
        found["one season ago"] = Guess(units.standardised(torch.from_numpy(ago)))
    if val.split.shape[1:].numel() <= MOST_FEATURES:

        def features(split: Split) -> np.ndarray:
            return split.x.flatten(1).numpy()

        found[named("linear in the window", train.split)] = ridge_on(features, train.split, val.split)
    return found


def _a_season_ago(table: Table, config: TaskConfig, val: Cut, season: int) -> np.ndarray | None:
    """Returns the targets one season before each forecast, or the change since the last step; None: not all known."""
    assert config.window is not None and config.horizon is not None
    answer = val.first + config.window - 1 + config.horizon
    start = np.zeros(len(table.part), dtype=np.int64)
    for rows in table.series:
        start[rows] = rows.start
    ago = answer - season
    if season < config.horizon or bool((ago < start[answer]).any()):
        return None
    values = table.target_values[ago]
    if np.isnan(values).any():
        return None
    return values - val.last if config.difference else values


def _needs(table: Table, config: TaskConfig) -> tuple[Need, ...]:
    assert config.horizon is not None
    if table.season is None or table.season < config.horizon:
        return ()
    lag = table.season - config.horizon
    return (Need("season", lag, f"what was one season ({table.season} rows) before the forecast"),)


def _notes(table: Table, config: TaskConfig, train: int, val: int, units: Units) -> list[str]:
    series = f", {len(table.series):,} series" if len(table.series) > 1 else ""
    lines = [
        f"{table.name}: {len(table.part):,} rows{series}; windows of {config.window} rows: {train:,} train, "
        f"{val:,} validate ({table.how})"
    ]
    what = "change of " if config.difference else ""
    scales = [
        f"{what}{name}: mean {mean:.4g}, sd {sd:.4g}"
        for name, mean, sd in zip(units.names, units.means, units.sds, strict=True)
    ]
    if config.scale != "none":
        lines.append(f"forecast in units of the training part: {'; '.join(scales)}")
    if table.season is not None:
        lines.append(f"season: {table.season} rows, by the autocorrelation of the training part")
    else:
        lines.append("season: none, by the autocorrelation of the training part")
    return [*lines, *table.notes]


class ColumnError(SquaredError):
    """Mean squared error of one number of each target."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = k

    def update(self, predicted: Tensor, true: Tensor) -> None:  # type: ignore[override]
        super().update(predicted[..., self.k], true[..., self.k])
