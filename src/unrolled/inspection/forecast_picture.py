"""Draws true and predicted values of series over time, with the forecasts beyond their ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unrolled.tasks.places import NOWHERE

from .predictions import Predictions

MOST_PANELS = 6
MOST_STEPS = 400  # of the end of a series; more are thinner than a line
TRUE, PREDICTED, BEYOND = "#404040", "#0072B2", "#D55E00"


@dataclass(frozen=True)
class Axis:
    """What the columns of a table mean.

    group: name of the column that names the series; None: there is one.
    time: name of the column of times; None: rows are counted.
    horizon: steps from the last row that is read to the forecast.
    """

    group: str | None
    time: str | None
    horizon: int


def draw_forecasts(file: Path, title: str, found: Predictions, axis: Axis) -> tuple[Path, str | None]:
    """Draws a panel for each series and target into `file`, a .png, and into an .svg beside it.

    Returns `file`, and a line on what is left out; None: nothing is.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure  # not pyplot: no global state, no display

    every = [(name, rows, k) for name, rows in _series(found, axis.group) for k in range(len(found.names))]
    shown = every[:MOST_PANELS]
    figure = Figure(figsize=(12, max(4.5, 2.6 * len(shown))), layout="constrained")
    for axes, (name, rows, k) in zip(figure.subplots(len(shown), 1, squeeze=False)[:, 0], shown, strict=True):
        _panel(axes, found, axis, name, rows[-MOST_STEPS:], k)
    ahead = "1 row ahead" if axis.horizon == 1 else f"{axis.horizon} rows ahead"
    figure.suptitle(f"{title}: forecasts {ahead}", fontsize=11)
    with rc_context({"svg.hashsalt": "unrolled"}):  # otherwise equal pictures differ in random ids
        figure.savefig(file.with_suffix(".svg"), metadata={"Date": None})
    figure.savefig(file, dpi=110)
    return file, _left_out(len(every), max(len(rows) for _, rows, _ in every))


def _left_out(panels: int, steps: int) -> str | None:
    found = [f"the first {MOST_PANELS} of {panels:,} curves"] if panels > MOST_PANELS else []
    found += [f"the last {MOST_STEPS} forecasts of each series"] if steps > MOST_STEPS else []
    return f"the picture has {' and '.join(found)}; the table has all" if found else None


def _series(found: Predictions, group: str | None) -> list[tuple[str, np.ndarray]]:
    """Returns name and places of each series, in their order."""
    every = np.arange(len(found.predicted))
    if group is None:
        return [("", every)]
    names = np.asarray(found.places.columns[group]).astype(str)
    return [(str(name), every[names == name]) for name in dict.fromkeys(names.tolist())]


def _panel(axes, found: Predictions, axis: Axis, name: str, rows: np.ndarray, k: int) -> None:  # noqa: PLR0917
    assert isinstance(found.places.true, np.ndarray) and isinstance(found.predicted, np.ndarray)
    places, target = found.places, found.names[k]
    true, predicted = found.places.true[rows, k], found.predicted[rows, k]
    ahead = np.zeros(len(rows), dtype=np.int64) if places.ahead is None else places.ahead[rows]
    x, label = _moments(found, axis, rows, ahead)
    known = ~np.isnan(true)
    if known.any():
        axes.plot(x[known], true[known], color=TRUE, linewidth=1.2, label="true")
    inside = ahead == 0
    if inside.any():
        axes.plot(x[inside], predicted[inside], color=PREDICTED, linewidth=1.2, label="predicted")
    if not inside.all():
        last = f"{predicted[-1]:.4g}"
        what = "beyond the last row" + (", the last of them" if int((~inside).sum()) > 1 else "")
        axes.plot(x[~inside], predicted[~inside], "o", color=BEYOND, markersize=6, label=f"{what}: {last}")
        axes.annotate(
            last, (x[-1], predicted[-1]), (8, 0), textcoords="offset points", color=BEYOND, va="center", fontsize=10
        )
    axes.set(xlabel=label, ylabel=f"{target} ({name})" if name else target)
    axes.margins(x=0.045)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    axes.legend(loc="upper left", ncols=3, fontsize=9, frameon=False, bbox_to_anchor=(0, 1.12))


def _moments(found: Predictions, axis: Axis, rows: np.ndarray, ahead: np.ndarray) -> tuple[np.ndarray, str]:
    """Returns where the forecasts stand on the horizontal axis, and its name.

    A time beyond the end continues the last step between two rows.
    """
    inside = ahead == 0
    if axis.time is not None and int(inside.sum()) > 1:
        known = _as_times([found.places.columns[axis.time][i] for i in rows[inside].tolist()])
        if known is not None:
            step = np.median(np.diff(known))
            return np.concatenate([known, known[-1] + ahead[~inside] * step]), axis.time
    numbers = found.places.numbers[rows]
    if not (numbers == NOWHERE).any() and bool((np.diff(numbers) > 0).all()):
        return numbers, "row"
    return np.arange(len(rows)), "forecast"


def _as_times(values: Sequence[object]) -> np.ndarray | None:
    """Returns numbers or dates for the values of a column of times; None if they are neither."""
    import pandas as pd

    try:
        return np.array([float(str(each)) for each in values])
    except ValueError:
        moments = pd.to_datetime(pd.Series(values), errors="coerce", format="mixed", utc=True)
        return None if moments.isna().any() else moments.dt.tz_localize(None).to_numpy()
