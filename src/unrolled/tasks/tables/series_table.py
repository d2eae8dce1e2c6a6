"""A table of one or several series: its columns, order, parts, missing values, scale and season."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from unrolled.config.schema import TaskConfig
from unrolled.errors import UserError

from ..units import Units
from .missing import filled, refuse_missing
from .parts import COLUMN, by_groups, check_whole, column_of, enough, given, share_of
from .reading import KEY, Frame, column, is_numeric, numbers, row_of, table, texts
from .season import season

WANTED = "task=series needs a table: CSV, TSV or parquet"


@dataclass(frozen=True)
class Table:
    """Rows in order of series and time.

    name: of the file.
    targets, inputs: names of columns.
    target_values, input_values: float64 (n, K) and (n, E); nan where missing.
    whole: bool (n,), whether no value of a row is missing.
    part: int (n,); 0 trains, 1 validates, 2 is left out.
    how: how the parts were chosen.
    series: the rows of each series.
    rows: the row of each in the file.
    labels: of each its series and its time, by name of their columns.
    season: in rows; None: there is none.
    notes: what was done with the values.
    """

    name: str
    targets: Sequence[str]
    inputs: Sequence[str]
    target_values: np.ndarray
    input_values: np.ndarray
    whole: np.ndarray
    part: np.ndarray
    how: str
    series: list[slice]
    rows: np.ndarray
    labels: Mapping[str, np.ndarray]
    season: int | None
    notes: list[str]


def read(config: TaskConfig) -> Table:
    """Returns the table of a configuration. Raises UserError, which names file, row and column."""
    frame, file = table(config.file, WANTED), str(config.file)
    targets, inputs = _columns(frame, config, file)
    group = None if config.group is None else texts(column(frame, config.group, "task.group", file))
    order = order_of(frame, config, group, file)
    enough(len(order), "rows", file)
    names = [*targets, *(name for name in inputs if name not in targets)]
    values = np.stack([numbers(frame[name], name, file, config.thousands)[order] for name in names], axis=1)
    rows = row_of(0) + order
    series = series_of(group, order)
    part, how = _parts(frame, config, order, series, file, group)
    if config.missing == "refuse":
        refuse_missing(values, names, file, rows.tolist())
    notes = _fill(values, part, series, str(config.missing))
    y, x = values[:, : len(targets)], values[:, [names.index(name) for name in inputs]]
    whole = np.asarray(~np.isnan(values).any(axis=1))
    training = [y[rows][(part[rows] == 0) & whole[rows], 0] for rows in series]
    labels = labels_of(frame, config, order)
    name = Path(file).name
    return Table(name, targets, inputs, y, x, whole, part, how, series, rows, labels, season(training), notes)


def labels_of(frame: Frame, config: TaskConfig, order: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the columns that name the series and the time of the rows, in this order."""
    found = {name: frame[name] for name in (config.group, config.time) if name is not None}
    days = {name: values.astype(str) for name, values in found.items() if pd.api.types.is_datetime64_any_dtype(values)}
    return {name: values.to_numpy()[order] for name, values in (found | days).items()}


def input_units(table: Table, config: TaskConfig) -> Units:
    """Returns mean and sd of the inputs in the training part; 0 and 1 if they are not to be scaled."""
    training = table.input_values[(table.part == 0) & table.whole]
    return Units.of(training, list(table.inputs), config.scale != "none")


def scaled(values: np.ndarray, units: Units) -> np.ndarray:
    """Returns inputs (n, E) as a network reads them, float64; 0 where a value is missing."""
    return np.nan_to_num(units.standardised(torch.from_numpy(values)).numpy(), nan=0.0)


def listed(value: str | list[str] | None) -> list[str]:
    """Returns the names of columns in a value such as `a`, `a,b` or [a, b]."""
    if value is None:
        return []
    parts = value.split(",") if isinstance(value, str) else value
    return [each.strip() for each in parts if each.strip()]


def _columns(frame: Frame, config: TaskConfig, file: str) -> tuple[list[str], list[str]]:
    """Returns the names of the targets and of the inputs."""
    taken = {config.time, config.group, config.split_by, config.split, COLUMN}
    known = [name for name in frame.columns if is_numeric(frame[name]) and name not in taken]
    targets = listed(config.target)
    for name in targets:
        column(frame, name, "task.target", file)
    if not targets:
        if len(known) != 1:
            found = f"its columns of numbers are {', '.join(known)}" if known else "it has no column of numbers"
            raise UserError(f"task.target has no value, and {Path(file).name} does not decide: {found}", KEY)
        targets = known
    inputs = listed(config.inputs) or targets
    if inputs == ["all"] and "all" not in frame.columns:
        inputs = [*targets, *(name for name in known if name not in targets)]
    for name in inputs:
        column(frame, name, "task.inputs", file)
    return list(dict.fromkeys(targets)), list(dict.fromkeys(inputs))


def order_of(frame: Frame, config: TaskConfig, group: list[str] | None, file: str) -> np.ndarray:
    """Returns the places of the rows by series and time; series come in the order of their first rows."""
    codes = pd.factorize(np.asarray(group, dtype=object))[0] if group is not None else np.zeros(len(frame), dtype=int)
    if config.time is None:
        return np.argsort(codes, kind="stable")
    moments = _moments(column(frame, config.time, "task.time", file), config.time, file)
    order = np.lexsort((moments, codes))
    twice = np.flatnonzero((np.diff(moments[order]) == 0) & (np.diff(codes[order]) == 0))
    if len(twice):
        first, second = sorted(row_of(int(order[twice[0] + i])) for i in (0, 1))
        where = f"of the series {group[order[twice[0]]]} " if group is not None else ""
        advice = "" if group is not None else "; task.group=COLUMN names the series of each row"
        line = f"{config.time} is {frame[config.time].iloc[order[twice[0]]]} {where}in rows {first} and {second}"
        raise UserError(f"{Path(file).name}: {line}; allowed: each time once{advice}", "task.time")
    return order


def _moments(values: Frame, name: str, file: str) -> np.ndarray:
    """Returns the times as numbers, float64 (n,). Raises UserError, with the row, for one that is no time."""
    if is_numeric(values):
        found = values.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        moments = pd.to_datetime(values, errors="coerce", format="mixed", utc=True)
        found = moments.astype("int64").to_numpy().astype(np.float64)
        found[moments.isna().to_numpy()] = np.nan
    wrong = np.flatnonzero(np.isnan(found))
    if len(wrong):
        row, value = row_of(int(wrong[0])), values.iloc[wrong[0]]
        raise UserError(f"{Path(file).name}: {name} is no time in row {row} ({str(value)!r})", "task.time")
    return found


def series_of(group: list[str] | None, order: np.ndarray) -> list[slice]:
    """Returns the places of each series in this order of the rows."""
    if group is None:
        return [slice(0, len(order))]
    names = np.asarray(group, dtype=object)[order]
    borders = [0, *(np.flatnonzero(names[1:] != names[:-1]) + 1).tolist(), len(names)]
    return [slice(a, b) for a, b in pairwise(borders)]


def _parts(  # noqa: PLR0917
    frame: Frame, config: TaskConfig, order: np.ndarray, series: list[slice], file: str, group: list[str] | None
) -> tuple[np.ndarray, str]:
    """Returns the part of each row, and how it was chosen."""
    n, share = len(order), share_of(config)
    part = np.zeros(n, dtype=np.int64)
    by = None
    if config.split_by is not None:
        by = np.asarray(texts(column(frame, config.split_by, "task.split_by", file)), dtype=object)[order].tolist()
    name = COLUMN if config.split is None and COLUMN in frame.columns else column_of(config)
    if name is not None:
        words = np.asarray(texts(column(frame, name, "task.split", file)), dtype=object)[order].tolist()
        found = given(words, name, file, (row_of(0) + order).tolist())
        part[:] = 2
        part[found.train], part[found.val] = 0, 1
        if by is not None and config.split_by is not None:
            check_whole(found, by, config.split_by)
        return part, found.how
    assert share is not None
    if by is not None and config.split_by is not None:
        found = by_groups(by, share, config.split_by, file)
        part[found.val] = 1
        return part, found.how
    if config.time is not None and group is not None:
        moments = _moments(frame[config.time], config.time, file)[order]
        known = np.unique(moments)
        border = known[min(len(known) - 1, round(len(known) * (1 - share)))]
        part[moments >= border] = 1
    else:
        for rows in series:
            part[rows.start + round((rows.stop - rows.start) * (1 - share)) : rows.stop] = 1
    return part, f"the last {share:.0%} of the time"


def _fill(values: np.ndarray, part: np.ndarray, series: list[slice], how: str) -> list[str]:
    """Fills gaps in place, those of the training part from training rows alone. Returns a line on what was done."""
    gone = np.isnan(values)
    if not gone.any():
        return []
    for rows in series:
        borders = [rows.start, *(rows.start + 1 + np.flatnonzero(np.diff(part[rows]))).tolist(), rows.stop]
        for begin, end in pairwise(borders):
            values[begin:end] = filled(values[begin:end], how)
    done = {"drop": "no window has one", "interpolate": "interpolated", "last": "replaced by the value before"}
    return [f"missing values: {int(gone.sum()):,}, {done[how]}"]
