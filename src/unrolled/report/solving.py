"""What a sweep says of solving: how many updates its configurations need, and whether |slope x lag| orders the runs."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from unrolled.record.results import Cell, Swept

from .concordance import Concordance, concordance
from .configurations import groups
from .survival import Followed, Survival

DECADES = (-6, -3, -1, 1, 3, 6)  # edges of the bins: powers of ten by which a gradient changes over the dependency
FEWEST = 10  # runs for a word about their order
HALF = 0.5  # the concordance of no order
DEFINITION = (
    "A run has solved the task at the first of three good validations in a row, one at the end of each epoch. Good "
    "validations that the end of its updates leaves fewer than three do not count."
)


@dataclass(frozen=True)
class Reach:
    """A run whose slope at step 0, and the lag of whose task's dependency, are known. change: slope x lag, in nats."""

    change: float
    run: Followed


def followed(cell: Cell) -> Followed | None:
    """How long the run of a task that can be solved took; None for another, or one without a result."""
    record = cell.record
    if not record.has_result or record.solved is None or not record.steps:
        return None
    at, diverged = record.solved.at, cell.state == "diverged"
    return Followed(record.steps, False, diverged) if at is None else Followed(at, True, diverged)


def by_configuration(swept: Swept) -> list[Survival]:
    """One for each combination of the axes but the seed."""
    return _kept((each.name, map(followed, each.cells)) for each in groups(swept))


def by_change(swept: Swept) -> list[Survival]:
    """One for each range of the factor by which a gradient changes, at step 0, over the lag of the dependency."""
    edges = [-math.inf, *DECADES, math.inf]
    found = [(each.change / math.log(10), each.run) for each in reaches(swept)]
    return _kept(
        (_range(low, high), (run for decades, run in found if low <= decades < high)) for low, high in pairwise(edges)
    )


def _range(low: float, high: float) -> str:
    if low == -math.inf:
        return f"less than 10^{high:g}"
    return f"10^{low:g} or more" if high == math.inf else f"10^{low:g} to 10^{high:g}"


def _kept(named: Iterable[tuple[str, Iterable[Followed | None]]]) -> list[Survival]:
    made = [(name, [run for run in runs if run is not None]) for name, runs in named]
    return [Survival(name, runs) for name, runs in made if runs]


def reaches(swept: Swept) -> list[Reach]:
    """The runs whose slope at step 0 and dependency are known."""
    found = []
    for cell in swept.cells:
        run, slope, lag = followed(cell), cell.record.start.slope, cell.record.dependency
        if run is not None and slope is not None and lag is not None:
            found.append(Reach(slope * lag, run))
    return found


def order(known: Sequence[Reach]) -> Concordance | None:
    """Whether runs with a smaller |slope x lag| are solved sooner; None where fewer than 10 runs can say so."""
    if len(known) < FEWEST:
        return None
    return concordance(
        np.array([abs(each.change) for each in known]),
        np.array([each.run.updates for each in known]),
        np.array([each.run.solved for each in known]),
    )


def solving(swept: Swept) -> list[str]:
    """Each configuration in a line, and how many runs diverged; none where no task can be solved."""
    return [*map(sentence, by_configuration(swept)), *diverged(swept)]


def against_change(swept: Swept) -> list[str]:
    """The same runs by the change of their gradient, in a line for each range, and whether it orders them."""
    known, every = by_change(swept), sum(each.n for each in by_configuration(swept))
    if not known:
        return []
    n = sum(each.n for each in known)
    lines = [f"Gradient multiplied by {sentence(each)}" for each in known]
    left = f"Left out: {every - n} of {every} runs, of which the slope or the lag is not known."
    return [*lines, *ordered(swept), *([left] if n < every else [])]


def sentence(each: Survival) -> str:
    """Share and median with their intervals and n."""
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
    """How many runs diverged before they had solved the task; none where no task can be solved."""
    every = by_configuration(swept)
    n, count = sum(each.n for each in every), sum(each.diverged for each in every)
    return [f"Diverged before it had solved the task: {count} of {n} runs."] if every else []


def extremes(swept: Swept) -> list[str]:
    """The configurations with the smallest and the largest median; none where there is only one."""
    ranked = sorted(by_configuration(swept), key=lambda each: (each.median, -each.solved / each.n))
    if len(ranked) < 2:
        return []
    fewest, most = (f"{each.name}, {_median(each)}" for each in (ranked[0], ranked[-1]))
    return [f"Fewest updates until solved: {fewest}. Most: {most}."]


def ordered(swept: Swept) -> list[str]:
    """Whether |slope x lag| orders the runs whose gradient shrinks, and those whose gradient grows, with the numbers.

    A line for each kind of which there are enough runs.
    """
    known = reaches(swept)
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
