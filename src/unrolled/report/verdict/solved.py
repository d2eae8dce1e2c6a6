"""How many runs solve the task, by an axis or by what the gradient does over the task's dependency."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from unrolled.config.identity import shown
from unrolled.record.results import Swept, SweptRun

from .. import solving
from ..intervals import Share, differ
from .comparison import MOST_PAIRWISE, Measured, by_value
from .phrases import label, listed, share
from .statement import Sentence, whole


def _solved(run: SweptRun) -> float | None:
    time = solving.solving_time(run)
    return None if time is None else float(time.solved)


SOLVED = Measured("solved", "solved", _solved)


def shares(swept: Swept, key: str) -> list[tuple[Any, Share, list[SweptRun]]]:
    """Returns (value, share of its runs that solved the task, its runs) for each value of the axis."""
    return [
        (each.value, Share(int(sum(each.found.values)), each.found.n), each.runs)
        for each in by_value(swept, key, SOLVED)
        if each.found.n
    ]


def solved_by_axis(swept: Swept, key: str) -> list[Sentence]:
    """Returns which values solve the task more often with certainty (Fisher's exact test), and the counts of each."""
    found = shares(swept, key)
    if not found:
        return []
    every = [run for *_, chosen in found for run in chosen]
    name = key.rpartition(".")[2]
    counts = "; ".join(f"{shown(value)}: {share(each)}" for value, each, _ in found)
    solved = f"runs that solved the task by {name} (with Wilson's 95 % interval): {counts}"
    if len(found) < 2:
        return [whole(f"R{solved[1:]}", every)]
    verdict, tested = _verdict(key, [(value, each) for value, each, _ in found])
    return [whole(f"{verdict}; {solved} ({tested})", every)]


def _verdict(key: str, found: Sequence[tuple[Any, Share]]) -> tuple[str, str]:
    """Returns which values solve the task more often, and by which test."""
    pairs = list(combinations(found, 2))
    if len(found) > MOST_PAIRWISE:
        pairs = [(found[0], each) for each in found[1:]]
    certain: dict[str, list[str]] = {}
    for (one, a), (other, b) in pairs:
        if differ(a, b, len(pairs)):
            more, less = (one, other) if a.count * b.n > b.count * a.n else (other, one)
            certain.setdefault(label(key, more), []).append(shown(less))
    tested = f"Fisher's exact test, {len(pairs)} comparison{'s' * (len(pairs) != 1)}"
    if certain:
        found_more = (f"{more} solves the task more often than {listed(less)}" for more, less in certain.items())
        return "; ".join(found_more), f"{tested}, 5 % level"
    if len(found) > MOST_PAIRWISE:
        return f"No difference from {label(key, found[0][0])} is certain", tested
    name = "" if label(key, found[0][0]) == shown(found[0][0]) else f"{key.rpartition('.')[2]} "
    return f"No difference between {name}{listed([shown(value) for value, _ in found])} is certain", tested


def solved_by_regime(swept: Swept) -> list[Sentence]:
    """Returns how many runs solved the task, by their own regime at step 0; empty if no task can be solved."""
    by: dict[str, list[SweptRun]] = {}
    for run in swept.runs:
        regime = run.record.start.regime
        if _solved(run) is not None and regime is not None:
            by.setdefault(regime, []).append(run)
    counted = {name: Share(sum(map(int, map(_number, chosen))), len(chosen)) for name, chosen in by.items()}
    if not counted:
        return []
    words = ", ".join(f"{name} {share(each)}" for name, each in counted.items())
    return [whole(f"Runs that solved the task by their regime at step 0: {words}", [r for c in by.values() for r in c])]


def _number(run: SweptRun) -> float:
    return _solved(run) or 0.0
