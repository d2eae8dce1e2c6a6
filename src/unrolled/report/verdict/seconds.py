"""How the time of a training grows with an axis, beside the references with a known time."""

import math
from dataclasses import replace
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
from .statement import Sentence, text, whole

LEAST = 4  # values of the axis for a statement about growth


def seconds_by(swept: Swept, key: str) -> list[Sentence]:
    """Returns the seconds at each value, the power of the axis with which they grow, and the references' seconds."""
    by = compared(swept, key, replace(SECONDS, beside=_references(swept)))
    headline = [line for line in by if text(line).startswith(SECONDS.name)][:1]
    return [*headline, *_growth(swept, key)] if headline else []


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
    if power - half <= 0:
        grows = f"no growth of the time with {name} is certain: power {plain(power, half)} ({interval})"
    words = f"{between[:1].upper()}{between[1:]} {grows}"
    return [whole(words, [run for each in at for run in each.runs])]


def _references(swept: Swept) -> str:
    taken: dict[str, list[float]] = {}
    for each in groups(swept):
        for name, scores in each.references.items():
            if (value := scores.get("seconds")) is not None:
                taken.setdefault(name, []).append(value)
    ends = {name: " to ".join(dict.fromkeys(plain(x) for x in (min(v), max(v)))) for name, v in taken.items()}
    return "; ".join(f"{name}: {words} at these values" for name, words in ends.items())
