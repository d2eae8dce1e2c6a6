"""The numbers of the page: what the runs of one configuration (all axes but the seed) have in common."""

from dataclasses import dataclass

from unrolled.config.identity import name_of
from unrolled.record.checked import Numbers
from unrolled.record.results import Cell, Swept
from unrolled.record.run_record import RunRecord
from unrolled.record.values import key_of

from .averages import numbers
from .gather import Axes, Pool, combinations, pool, varied


@dataclass(frozen=True)
class Group:
    """The cells with a result that share all axes but the seed, and how they scored."""

    axes: Axes
    cells: list[Cell]

    @property
    def name(self) -> str:
        return name_of(self.axes)

    @property
    def first(self) -> RunRecord:
        """What is the same for all: names of scores and baselines."""
        return self.cells[0].record

    @property
    def score(self) -> str:
        """The name of the one that decides."""
        return self.first.score or ""

    @property
    def scores(self) -> list[float]:
        """Of the validation split, by the score that decides; without the runs that have none."""
        return numbers(cell.record.metrics.get(cell.record.score or "") for cell in self.cells)

    @property
    def train_scores(self) -> list[float]:
        records = (cell.record for cell in self.cells)
        return numbers(each.train.get((each.score or "").removeprefix("val/")) for each in records)

    @property
    def solved_at(self) -> list[int | None]:
        """For each cell of a task that can be solved: the updates it took, None where it was not within its budget."""
        return [cell.record.solved.at for cell in self.cells if cell.record.solved]

    @property
    def updates(self) -> int:
        """The largest number of them that a run has made."""
        return max(cell.record.steps or 0 for cell in self.cells)

    @property
    def born(self) -> Pool:
        """The networks drawn before training."""
        return pool(self.cells, {})

    @property
    def larger_is_better(self) -> bool | None:
        """Of the score that decides; None where the record does not have it."""
        return self.first.larger_is_better

    @property
    def baseline(self) -> float | None:
        """The trivial baseline of the score that decides; None where a record does not have it."""
        return self.first.baseline.get(self.score)

    @property
    def baseline_name(self) -> str:
        return self.first.baseline_name

    @property
    def references(self) -> dict[str, Numbers]:
        """What else the score stands beside."""
        return self.first.references

    @property
    def seconds(self) -> list[float]:
        """What all updates of a run took, for each run that has made any."""
        timed = [(cell.record.seconds_per_update, cell.record.steps) for cell in self.cells]
        return [each * steps for each, steps in timed if each is not None and steps]


def groups(swept: Swept) -> list[Group]:
    """In the order of the axes; without combinations that have no cell with a result."""
    keys, members = varied(swept), {}
    for cell in swept.cells:
        if cell.record.has_result and cell.record.score is not None:
            members.setdefault(key_of(cell.axes, keys), []).append(cell)
    found = ((axes, members.get(key_of(axes, keys))) for axes in combinations(swept, keys))
    return [Group(axes, kept) for axes, kept in found if kept]


def trained(swept: Swept) -> bool:
    """Whether any cell has made an update; else scores are those of random networks."""
    return any(cell.record.steps for cell in swept.cells)
