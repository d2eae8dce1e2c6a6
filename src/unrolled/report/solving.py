"""Updates that a sweep's configurations need to solve their task, and whether |slope x lag| orders the runs."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from unrolled.record.results import Swept, SweptRun

from .concordance import Concordance, concordance
from .configurations import groups
from .survival import SolvingTime, Survival

DECADES = (-6, -3, -1, 1, 3, 6)  # edges of the ranges: log10 of the factor by which a gradient changes
FEWEST = 10  # runs for a statement about their order
HALF = 0.5  # the concordance of no order
DEFINITION = (
    "A run has solved the task at the first of three good validations in a row, one at the end of each epoch. Good "
    "validations that the end of its updates leaves fewer than three do not count."
)


@dataclass(frozen=True)
class GradientChange:
    """A run with the change of its gradient over the task's dependency at step 0.

    change: slope x lag, in nats.
    run: its time to solve the task.
    """

    change: float
    run: SolvingTime


def solving_time(run: SweptRun) -> SolvingTime | None:
    """Returns the updates until the run solved its task; None without a result, or if the task cannot be solved."""
    record = run.record
    if not record.has_result or record.solved is None or not record.steps:
        return None
    at, diverged = record.solved.at, run.state == "diverged"
    return SolvingTime(record.steps, False, diverged) if at is None else SolvingTime(at, True, diverged)


def by_configuration(swept: Swept) -> list[Survival]:
    """Returns the solving times of each configuration."""
    return _kept((each.name, map(solving_time, each.runs)) for each in groups(swept))


def by_change(swept: Swept) -> list[Survival]:
    """Returns the solving times in ranges of the factor by which a gradient changes over the dependency at step 0."""
    edges = [-math.inf, *DECADES, math.inf]
    found = [(each.change / math.log(10), each.run) for each in gradient_changes(swept)]
    return _kept(
        (_range(low, high), (run for decades, run in found if low <= decades < high)) for low, high in pairwise(edges)
    )


def _range(low: float, high: float) -> str:
    if low == -math.inf:
        return f"less than 10^{high:g}"
    return f"10^{low:g} or more" if high == math.inf else f"10^{low:g} to 10^{high:g}"


def _kept(named: Iterable[tuple[str, Iterable[SolvingTime | None]]]) -> list[Survival]:
    made = [(name, [run for run in runs if run is not None]) for name, runs in named]
    return [Survival(name, runs) for name, runs in made if runs]


def gradient_changes(swept: Swept) -> list[GradientChange]:
    """Returns the runs with a known slope at step 0 and a known lag of the dependency."""
    return [found for run in swept.runs if (found := change_of(run)) is not None]


def change_of(run: SweptRun) -> GradientChange | None:
    """Returns a run's change of the gradient over the dependency; None if it or the time to solve is not known."""
    time, slope, lag = solving_time(run), run.record.start.slope, run.record.dependency
    return GradientChange(slope * lag, time) if time is not None and slope is not None and lag is not None else None


def order(known: Sequence[GradientChange]) -> Concordance | None:
    """Returns the concordance of |slope x lag| with the time to solve; None for fewer than 10 runs."""
    if len(known) < FEWEST:
        return None
    return concordance(
        np.array([abs(each.change) for each in known]),
        np.array([each.run.updates for each in known]),
        np.array([each.run.solved for each in known]),
    )


def solving(swept: Swept) -> list[str]:
    """Returns a line per configuration, and the number of runs that diverged; empty if no task can be solved."""
    return [*map(sentence, by_configuration(swept)), *diverged(swept)]


def against_change(swept: Swept) -> list[str]:
    """Returns a line per range of the gradient's change, whether the change orders the runs, and the omitted runs."""
    known, every = by_change(swept), sum(each.n for each in by_configuration(swept))
    if not known:
        return []
    n = sum(each.n for each in known)
    lines = [f"Gradient multiplied by {sentence(each)}" for each in known]
    left = f"Left out: {every - n} of {every} runs, of which the slope or the lag is not known."
    return [*lines, *ordered(swept), *([left] if n < every else [])]


def sentence(each: Survival) -> str:
    """Returns the share of solved runs and the median of updates, each with its interval and n."""
    low, high = each.share_interval
    parts = [f"solved {each.solved} of {each.n} (95 % interval {100 * low:z.0f} to {100 * high:z.0f} %)", _median(each)]
    parts += [f"{each.diverged} of {each.n} diverged before"] if each.diverged else []
    return f"{each.name}: {'; '.join(parts)}."


def _median(each: Survival) -> str:
    limits = each.median_interval
    within = "too few for an interval" if limits is None else f"95 % interval {_between(each, *limits)}"
    return f"median {_updates(each, each.median)} updates (n = {each.n}, {within})"


def _between(each: Survival, low: float, high: float) -> str:
    if low == each.last and math.isinf(high):
        return f"above {low:z,.0f}"
    return f"{low:z,.0f} to {_updates(each, high)}"


def _updates(each: Survival, value: float) -> str:
    return f"more than {each.last:z,.0f}" if math.isinf(value) else f"{value:z,.0f}"


def diverged(swept: Swept) -> list[str]:
    """Returns how many runs diverged before they solved the task, as a line; empty if no task can be solved."""
    every = by_configuration(swept)
    n, count = sum(each.n for each in every), sum(each.diverged for each in every)
    return [f"Diverged before it had solved the task: {count} of {n} runs."] if every else []


def extremes(swept: Swept) -> list[str]:
    """Returns a line with the smallest and the largest median of updates; empty for fewer than two configurations."""
    ranked = sorted(by_configuration(swept), key=lambda each: (each.median, -each.solved / each.n))
    if len(ranked) < 2:
        return []
    fewest, most = (f"{each.name}, {_median(each)}" for each in (ranked[0], ranked[-1]))
    return [f"Fewest updates until solved: {fewest}. Most: {most}."]


def ordered(swept: Swept) -> list[str]:
    """Returns whether |slope x lag| orders the runs: a line if the gradient shrinks, and one if it grows.

    A kind with fewer than 10 runs has no line.
    """
    known = gradient_changes(swept)
    kinds = {
        "shrinks": [each for each in known if each.change < 0],
        "grows": [each for each in known if each.change > 0],
    }
    found = {kind: order(runs) for kind, runs in kinds.items()}
    return [f"Where the gradient {kind}, {_order(each)}." for kind, each in found.items() if each is not None]


def _order(found: Concordance) -> str:
    numbers = (
        f"in {found.share:z.2f} of {found.pairs} pairs of runs (95 % interval {found.low:z.2f} to {found.high:z.2f}, "
        f"{found.runs} runs; 0.5: no order)"
    )
    sooner = f"the run with the smaller |slope x lag| is solved sooner {numbers}"
    if found.low > HALF:
        return f"a smaller |slope x lag| takes fewer updates: {sooner}"
    if found.high < HALF:
        return f"a larger |slope x lag| takes fewer updates: {sooner}"
    return f"no order of the runs by |slope x lag| is certain: {sooner}"
