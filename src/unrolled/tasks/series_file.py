"""Windows of another table than the one of the training, in its scale, up to the forecasts beyond the table's end."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from unrolled.config.schema import TaskConfig
from unrolled.errors import UserError

from .data import Split
from .gathered import gathered
from .places import NOWHERE, ROW, Examples, Places
from .tables.missing import filled, refuse_missing
from .tables.reading import Frame, column, numbers, row_of, table, texts
from .tables.series_table import WANTED, labels_of, order_of, scaled, series_of
from .tables.windows import windows
from .units import Units


@dataclass(frozen=True)
class SeriesReader:
    """Reads a table as that of a training was read.

    config: the options of the training.
    read_units: the scale of the inputs in its training part.
    units: that of the targets.
    """

    config: TaskConfig
    read_units: Units
    units: Units

    def __call__(self, file: str) -> Examples:
        """Returns all windows of a table, in order of series and time. Raises UserError, which names file and row.

        Inputs have to be there; a target may be missing, unless it is an input or its change is forecast.
        """
        config = self.config
        frame = table(file, WANTED)
        group = None if config.group is None else texts(column(frame, config.group, "task.group", file))
        order = order_of(frame, config, group, file)
        series = series_of(group, order)
        needed, targets = self._values(frame, order, series, file)
        first, answer, ahead = self._windows(np.asarray(~np.isnan(needed).any(axis=1)), series, Path(file).name)
        inside = ahead == 0
        reached = np.where(inside, answer, 0)
        true = np.where(inside[:, None], targets[reached], np.nan)
        last = first + self._window - 1
        labels = labels_of(frame, config, order)
        columns = {name: _labels(labels[name], name == config.group, last, reached, inside) for name in labels}
        E = len(self.read_units.names)
        base = needed[last][:, E:] if config.difference else None
        values = torch.from_numpy(scaled(needed[:, :E], self.read_units).astype(np.float32))
        split = windows_of(values, first, self._window, torch.zeros(len(first), len(self.units.names)))
        places = Places(ROW, _rows(order, answer, ahead, len(frame)), true, columns, base, ahead)
        lacking = [name for name in self.units.names if name not in frame.columns]
        notes = [f"{Path(file).name} has no column {', '.join(lacking)}: no score of it"] if lacking else []
        return Examples(split, places, notes)

    @property
    def _window(self) -> int:
        assert self.config.window is not None
        return self.config.window

    def _values(self, frame: Frame, order: np.ndarray, series: list[slice], file: str) -> tuple[np.ndarray, np.ndarray]:
        """Returns what is read, without gaps, (n, E), or (n, E + K) if changes are forecast; and the targets (n, K)."""
        config, inputs, targets = self.config, self.read_units.names, self.units.names
        needed = [*inputs, *(targets if config.difference else [])]
        for name in inputs:
            column(frame, name, "task.inputs", file)
        for name in needed:
            column(frame, name, "task.target", file)
        names = list(dict.fromkeys([*needed, *(name for name in targets if name in frame.columns)]))
        found = {name: numbers(frame[name], name, file, config.thousands)[order] for name in names}
        values = np.stack([found[name] for name in needed], axis=1)
        if config.missing == "refuse":
            refuse_missing(values, needed, file, (row_of(0) + order).tolist())
        for rows in series:
            values[rows] = filled(values[rows], str(config.missing))
        nothing = np.full(len(order), np.nan)
        return values, np.stack([found.get(name, nothing) for name in targets], axis=1)

    def _windows(self, whole: np.ndarray, series: list[slice], name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns the places of each window's first row and of its answer, and how far that is beyond the end.

        Raises UserError if there is no window.
        """
        assert self.config.horizon is not None
        horizon, found = self.config.horizon, []
        beyond = np.zeros(horizon, dtype=bool)
        for rows in series:
            readable = np.concatenate([whole[rows], beyond])
            first = rows.start + windows(
                readable, np.ones(len(readable), dtype=bool), window=self._window, horizon=horizon
            )
            answer = first + self._window - 1 + horizon
            found.append(np.stack([first, answer, np.maximum(answer - rows.stop + 1, 0)]))
        together = np.concatenate(found, axis=1)
        if not together.shape[1]:
            longest = max(rows.stop - rows.start for rows in series)
            of = f"its longest series has {longest:,} rows" if len(series) > 1 else f"it has {longest:,} rows"
            gaps = "" if bool(whole.all()) else ", some with missing values"
            line = f"{of}{gaps}; the run reads {self._window:,} rows in a row (task.window)"
            raise UserError(f"{name} is too short for a forecast: {line}", "task.file")
        return together[0], together[1], together[2]


def windows_of(values: Tensor, first: np.ndarray, window: int, y: Tensor) -> Split:
    """Returns the windows that begin at these places, from values (n, E).

    y: answers to the windows, (N, K).
    """
    views, places = values.unfold(0, window, 1).transpose(1, 2), torch.from_numpy(first)  # (n - window + 1, window, E)
    real = torch.ones(1, 1, dtype=torch.bool).expand(len(first), window)
    return gathered(lambda rows: views[places[rows]], real, y)


def _rows(order: np.ndarray, answer: np.ndarray, ahead: np.ndarray, n: int) -> np.ndarray:
    """Returns the row in the file of each answer; `NOWHERE` beyond a series that does not end with the file's last."""
    row = order[answer - ahead]
    return np.where((ahead == 0) | (row == n - 1), row_of(0) + row + ahead, NOWHERE)


def _labels(
    values: np.ndarray, is_group: bool, last: np.ndarray, reached: np.ndarray, inside: np.ndarray
) -> np.ndarray:
    """Returns the name of the series of each answer, or its time, "" beyond the end."""
    return values[last] if is_group else np.where(inside, values[reached].astype(object), "")
