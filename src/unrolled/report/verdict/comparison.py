"""Compares a number of the runs along an axis: means, and differences of runs that are equal in all other axes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from unrolled.config.identity import SEED, shown
from unrolled.record.checked import is_number
from unrolled.record.results import Swept, SweptRun
from unrolled.record.values import identity, key_of

from ..intervals import Difference, Estimate
from .phrases import UNBOUNDED, difference, estimate, label, listed, plain, runs, tried
from .statement import Sentence, whole

MOST_PAIRWISE = 5  # values of which all differences are looked at; of more, those from the first
MOST_LISTED = 6  # values that a headline lists


@dataclass(frozen=True)
class Measured:
    """A number of each run.

    name: in sentences.
    unit: of the axis in figures.
    of: None if the run has none.
    larger_is_better: None if neither is better.
    beside: what a headline sets beside the numbers, such as the trivial baseline.
    limits: the smallest and the largest number that it can be.
    """

    name: str
    unit: str
    of: Callable[[SweptRun], float | None]
    larger_is_better: bool | None = None
    beside: str = ""
    limits: tuple[float, float] = UNBOUNDED


@dataclass(frozen=True)
class AtValue:
    """The runs with one value of an axis.

    found: the number of each run that has one.
    configurations: how many there are, apart from the seed.
    """

    value: Any
    runs: list[SweptRun]
    found: Estimate
    configurations: int


def by_value(swept: Swept, key: str, measured: Measured) -> list[AtValue]:
    """Returns the runs with a result at each value of the axis; numbers in ascending order."""
    values = swept.axes.get(key, [None])
    if all(is_number(value) for value in values):
        values = sorted(values)
    made = []
    for value in values:
        chosen = [run for run in swept.runs if run.record.has_result and _is(run, key, value)]
        kept = tuple(number for run in chosen if (number := measured.of(run)) is not None)
        others = {key_of(run.axes, [each for each in swept.axes if each != SEED]) for run in chosen}
        made.append(AtValue(value, chosen, Estimate(kept), len(others)))
    return [each for each in made if each.runs]


def _is(run: SweptRun, key: str, value: Any) -> bool:
    return key not in run.axes or identity(run.axes[key]) == identity(value)


def compared(swept: Swept, key: str, measured: Measured) -> list[Sentence]:
    """Returns the numbers by value, and which differences between values are certain.

    What answers the question is the headline: along three or more numbers their course, else the difference.
    """
    at = by_value(swept, key, measured)
    if not at:
        return []
    name = key.rpartition(".")[2]
    every = [run for each in at for run in each.runs]
    kept = at if len(at) <= MOST_LISTED else [at[0], at[-1]]
    numbers = "; ".join(f"{shown(each.value)}: {summary(each, measured)}" for each in kept)
    between = "" if len(at) <= MOST_LISTED else f" ({len(at)} values)"
    beside = f"; {measured.beside}" if measured.beside else ""
    if len(at) == 1:
        return [whole(f"{measured.name} {tried(key, [at[0].value])}: {summary(at[0], measured)}{beside}", every)]
    lines = [
        whole(f"{measured.name} by {name}{between}: {numbers}{beside}", every),
        whole(_verdict(swept, key, measured, at), every),
    ]
    if len(at) == 2 or not all(is_number(each.value) for each in at):
        lines.reverse()
    if (lost := sum(len(each.runs) - each.found.n for each in at)) > 0:
        lines.append(whole(f"{runs(lost)} of {len(every)} without a value (diverged, or without one) not counted"))
    return lines


def summary(at: AtValue, measured: Measured) -> str:
    """Returns the mean with its interval over seeds; over several configurations their range instead."""
    if at.configurations <= 1 or at.found.n <= 1:
        return estimate(at.found, measured.limits)
    values = at.found.values
    if not values:
        return "no value"
    ends = " to ".join(plain(value) for value in (min(values), max(values)))
    return f"{plain(at.found.mean)} (from {ends} in {runs(len(values))} of {at.configurations} configurations)"


def _verdict(swept: Swept, key: str, measured: Measured, at: Sequence[AtValue]) -> str:
    """Returns which differences are certain: of two values theirs, of numbers that of the ends, else of all pairs."""
    numeric = all(is_number(each.value) for each in at)
    if len(at) == 2 or numeric:
        first, last = at[0], at[-1]
        found = matched(swept, key, (last.value, first.value), measured)
        return difference(
            found, label(key, last.value), label(key, first.value), measured.unit, measured.larger_is_better
        )
    pairs = list(combinations(at, 2)) if len(at) <= MOST_PAIRWISE else [(at[0], each) for each in at[1:]]
    certain, count = [], set()
    for one, other in pairs:
        high, low = (one, other) if one.found.mean >= other.found.mean else (other, one)
        found = matched(swept, key, (high.value, low.value), measured, len(pairs))
        count.add(found.n)
        if found.certain:
            by = plain(found.mean, found.half or 0)
            if measured.larger_is_better is None:
                certain.append(f"{shown(high.value)} above {shown(low.value)} by {by}")
            else:
                best, worst = (high, low) if measured.larger_is_better else (low, high)
                certain.append(f"{shown(best.value)} better than {shown(worst.value)} by {by}")
    each = (
        f"{len(pairs)} differences, {min(count)} pairs of runs each" if len(count) == 1 else f"{len(pairs)} differences"
    )
    if not certain and len(at) > MOST_PAIRWISE:
        return f"No difference in {measured.unit} from {shown(at[0].value)} is certain ({each})"
    if not certain:
        values = listed([shown(value.value) for value in at])
        return f"No difference in {measured.unit} between any two of {values} is certain ({each})"
    return f"{measured.unit}: {', '.join(certain)} (certain with 95 % intervals that hold together; {each})"


def matched(swept: Swept, key: str, values: tuple[Any, Any], measured: Measured, comparisons: int = 1) -> Difference:
    """Returns the differences (first value minus second) of runs that are equal in all other axes, seeds included."""
    others = [each for each in swept.axes if each != key]
    sides: list[dict[tuple[str, ...], float]] = []
    for value in values:
        kept = [run for run in swept.runs if run.record.has_result and _is(run, key, value)]
        known = ((key_of(run.axes, others), measured.of(run)) for run in kept)
        sides.append({place: number for place, number in known if number is not None})
    first, second = sides
    return Difference(tuple(first[place] - second[place] for place in first if place in second), comparisons)
