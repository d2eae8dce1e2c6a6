"""How the time of a training grows with an axis, beside the references with a known time."""

import math
from typing import Any

import numpy as np
from scipy.stats import linregress, t

from unrolled.record.checked import is_number
from unrolled.record.results import Swept

from ..configurations import groups
from ..intervals import CONFIDENCE
from .comparison import by_value, compared
from .numbers import SECONDS
from .phrases import plain, runs, tried
from .statement import Sentence, whole

LEAST = 4  # values of the axis for a statement about growth


def seconds_by(swept: Swept, key: str) -> list[Sentence]:
    """Returns the seconds at each value, the power of the axis with which they grow, and the references' seconds."""
    headline = compared(swept, key, SECONDS)[:1]
    return [*headline, *_growth(swept, key), *_references(swept)] if headline else []


def _growth(swept: Swept, key: str) -> list[Sentence]:
    """Returns the exponent p of seconds ~ value^p, a line through the logarithms of all runs with its interval."""
    at = [each for each in by_value(swept, key, SECONDS) if is_number(each.value) and each.value > 0]
    points = [(math.log(each.value), math.log(taken)) for each in at for taken in each.found.values]
    if len({x for x, _ in points}) < LEAST:
        return []
    fit: Any = linregress(*np.array(points).T)
    power, error = float(fit.slope), float(fit.stderr)
    half = float(t.ppf((1 + CONFIDENCE) / 2, len(points) - 2) * error)
    low, high = (plain(power + sign * half, half) for sign in (-1, 1))
    between = tried(key, [each.value for each in at])
    name = key.rpartition(".")[2]
    interval = f"95 % interval {low} to {high}, {runs(len(points))}"
    grows = f"the time grows as {name} to the power {plain(power, half)} ({interval})"
    words = f"{between[:1].upper()}{between[1:]} {grows}"
    return [whole(words, [run for each in at for run in each.runs])]


def _references(swept: Swept) -> list[Sentence]:
    taken: dict[str, list[float]] = {}
    for each in groups(swept):
        for name, scores in each.references.items():
            if (value := scores.get("seconds")) is not None:
                taken.setdefault(name, []).append(value)
    ends = {name: " to ".join(dict.fromkeys(plain(x) for x in (min(v), max(v)))) for name, v in taken.items()}
    return [whole(f"{name}: {words} s at the same sizes") for name, words in ends.items()]
