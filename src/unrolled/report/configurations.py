"""The numbers of the page: what the runs of one configuration (all axes but the seed) have in common."""

from dataclasses import dataclass
from typing import Any

from unrolled.config.identity import name_of
from unrolled.record.results import Cell, Swept
from unrolled.record.status import RESULTS
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
    def scores(self) -> list[float]:
        """Of the validation split, by the score that decides; without the runs that have none."""
        return numbers(cell.status.get("metrics", {}).get(cell.status["score"]) for cell in self.cells)

    @property
    def train_scores(self) -> list[float]:
        scored = ((cell.status.get("train", {}), cell.status["score"].removeprefix("val/")) for cell in self.cells)
        return numbers(table.get(name) for table, name in scored)

    @property
    def solved_at(self) -> list[int | None]:
        """For each cell of a task that can be solved: the updates it took, None where it was not within its budget."""
        return [cell.status["solved"]["at"] for cell in self.cells if cell.status.get("solved")]

    @property
    def updates(self) -> int:
        """The largest number of them that a run has made."""
        return max(cell.status.get("steps", 0) for cell in self.cells)

    @property
    def first(self) -> dict[str, Any]:
        """What is the same for all: names of scores and baselines."""
        return self.cells[0].status

    @property
    def born(self) -> Pool:
        """The networks drawn before training."""
        return pool(self.cells, {})

    @property
    def larger_is_better(self) -> bool | None:
        """Of the score that decides; None where the record does not have it."""
        return self.first.get("larger_is_better")

    @property
    def baseline(self) -> float | None:
        """The trivial baseline of the score that decides; None where a record does not have it."""
        return self.first.get("baseline", {}).get(self.first["score"])

    @property
    def baseline_name(self) -> str:
        return self.first.get("baseline_name", "trivial baseline")

    @property
    def references(self) -> dict[str, dict[str, float | None]]:
        """What else the score stands beside."""
        return self.first.get("references", {})

    @property
    def seconds(self) -> list[float]:
        """What all updates of a run took, for each run that has made any."""
        timed = [(cell.status.get("seconds_per_update"), cell.status.get("steps")) for cell in self.cells]
        return [each * steps for each, steps in timed if each is not None and steps]


def groups(swept: Swept) -> list[Group]:
    """In the order of the axes; without combinations that have no cell with a result."""
    keys, members = varied(swept), {}
    for cell in swept.cells:
        if cell.state in RESULTS and "score" in cell.status:
            members.setdefault(key_of(cell.axes, keys), []).append(cell)
    found = ((axes, members.get(key_of(axes, keys))) for axes in combinations(swept, keys))
    return [Group(axes, kept) for axes, kept in found if kept]


def trained(swept: Swept) -> bool:
    """Whether any cell has made an update; else scores are those of random networks."""
    return any(cell.status.get("steps") for cell in swept.cells)
