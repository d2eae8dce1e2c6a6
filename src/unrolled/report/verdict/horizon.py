"""How far gradients reach after training, by the values of an axis: the median of the horizon."""

import math
from statistics import median

from unrolled.config.identity import shown
from unrolled.record.results import Swept, SweptRun

from ..intervals import FEWEST
from .comparison import Measured, by_value
from .phrases import listed, runs
from .statement import Sentence, whole


def horizons(swept: Swept, key: str) -> list[Sentence]:
    """Returns the median horizon at each value, in lags, of fewer than three runs each horizon; empty if none has one.

    A run whose gradient has not changed a hundredfold within its longest lag counts as beyond that lag.
    """
    found = [each for each in by_value(swept, key, Measured("horizon", "lags", _reach)) if each.found.n]
    if not found or not any(map(math.isfinite, (value for each in found for value in each.found.values))):
        return []
    words = "; ".join(f"{shown(each.value)}: {_median(each.found.values, each.runs)}" for each in found)
    name = key.rpartition(".")[2]
    return [
        whole(
            f"Horizon after training (the lag at which the gradient has changed a hundredfold) by {name}: {words}",
            [run for each in found for run in each.runs],
        )
    ]


def _reach(run: SweptRun) -> float | None:
    """Returns the horizon, inf if it lies beyond the longest lag; None without a gradient to follow."""
    end = run.record.end
    if end.horizon is not None:
        return float(end.horizon)
    return None if end.longest_lag is None else math.inf


def _median(values: tuple[float, ...], of: list[SweptRun]) -> str:
    if len(values) < FEWEST:
        words = listed([_shown(reach, run.record.end.longest_lag) for run in of if (reach := _reach(run)) is not None])
    else:
        words = f"median {_shown(median(values), max(run.record.end.longest_lag or 0 for run in of))}"
    return f"{words} ({runs(len(values))})"


def _shown(reach: float, longest: int | None) -> str:
    return f"{reach:g}" if math.isfinite(reach) else f"beyond {longest}"
