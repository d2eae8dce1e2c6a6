"""How many runs solve the task, by an axis or by what the gradient does over the task's dependency."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from unrolled.config.identity import shown
from unrolled.record.results import Swept, SweptRun

from .. import solving
from ..intervals import Share, differ
from .comparison import MOST_PAIRWISE, Measured, by_value
from .phrases import listed, runs, share
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
    """Returns how many runs solved the task at each value, and which differences are certain (Fisher's exact test)."""
    found = shares(swept, key)
    if not found:
        return []
    every = [run for *_, chosen in found for run in chosen]
    name = key.rpartition(".")[2]
    counts = "; ".join(f"{shown(value)}: {share(each)}" for value, each, _ in found)
    lines = [whole(f"Runs that solved the task by {name} (with Wilson's 95 % interval): {counts}", every)]
    return lines if len(found) < 2 else [*lines, whole(_verdict([(value, each) for value, each, _ in found]), every)]


def _verdict(found: Sequence[tuple[Any, Share]]) -> str:
    pairs = list(combinations(found, 2))
    if len(found) > MOST_PAIRWISE:
        pairs = [(found[0], each) for each in found[1:]]
    certain = []
    for (one, a), (other, b) in pairs:
        if differ(a, b, len(pairs)):
            more, less = (one, other) if a.count * b.n > b.count * a.n else (other, one)
            certain.append(f"{shown(more)} more often than {shown(less)}")
    tested = f"Fisher's exact test, {len(pairs)} comparison{'s' * (len(pairs) != 1)}"
    if certain:
        return f"Certain at the 5 % level ({tested}): {', '.join(certain)}"
    if len(found) > MOST_PAIRWISE:
        return f"No difference from {shown(found[0][0])} is certain ({tested})"
    return f"No difference between {listed([shown(value) for value, _ in found])} is certain ({tested})"


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


def by_change(swept: Swept) -> list[Sentence]:
    """Returns whether |slope x lag| orders the runs, their regimes at step 0, and how many diverged."""
    known = [run for run in swept.runs if solving.change_of(run) is not None]
    lines = [whole(line.rstrip("."), known) for line in solving.ordered(swept)]
    if not lines and known:
        lines = [
            whole(f"{runs(len(known))} with a known slope and lag are too few for a statement about their order", known)
        ]
    return [*lines, *solved_by_regime(swept), *(whole(line.rstrip(".")) for line in solving.diverged(swept))]
