"""The numbers of the page: what the cells of one configuration (all axes but the seed) have in common."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.place import SEED, name_of
from unrolled.sweeps.results import Cell, Swept
from unrolled.tracking.status import RESULTS
from unrolled.tracking.tables import PROFILES, read_rows

Axes = dict[str, Any]
Curve = list[float]  # ln of the norm of dL/dh relative to lag 0, by lag; nan where nothing is drawn


@dataclass(frozen=True)
class Pool:
    """Births and trained networks of the cells that share these axes. slopes in nats per lag.

    born, trained: the folders of the cells that have them.
    """

    axes: Axes
    birth_slopes: list[float]
    birth_regimes: dict[str, int]
    born: list[Path]
    slopes: list[float]
    trained: list[Path]

    @property
    def name(self) -> str:
        return name_of(self.axes)

    @property
    def birth_curves(self) -> list[Curve]:
        return [curve for cell in self.born for curve in curves(cell / PROFILES / "births_relative_log.csv")]

    @property
    def curves(self) -> list[Curve]:
        """At the last probe."""
        return [curve for cell in self.trained for curve in curves(cell / PROFILES / "grad_h_relative_log.csv")[-1:]]

    @property
    def births(self) -> int:
        return sum(self.birth_regimes.values())

    @property
    def birth_mean(self) -> float:
        return mean(self.birth_slopes)

    @property
    def birth_sd(self) -> float:
        return float(np.std(self.birth_slopes, ddof=1)) if len(self.birth_slopes) > 1 else math.nan

    def share(self, regime: str) -> float:
        return self.birth_regimes.get(regime, 0) / self.births if self.births else 0.0


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
        return _numbers(cell.status["metrics"].get(cell.status["score"]) for cell in self.cells)

    @property
    def train_scores(self) -> list[float]:
        return _numbers(cell.status["train"].get(cell.status["score"].removeprefix("val/")) for cell in self.cells)

    @property
    def solved_at(self) -> list[int | None]:
        """For each cell of a task that can be solved: the updates it took, None where it was not within its budget."""
        return [cell.status["solved"]["at"] for cell in self.cells if cell.status.get("solved")]

    @property
    def updates(self) -> int:
        return max(cell.status["steps"] for cell in self.cells)

    @property
    def first(self) -> dict[str, Any]:
        """What is the same for all: names of scores and baselines."""
        return self.cells[0].status

    @property
    def seconds(self) -> float:
        """What all updates of a run took, the mean over the runs."""
        return mean([cell.status["seconds_per_update"] * cell.status["steps"] for cell in self.cells])

    @property
    def birth_slopes(self) -> list[float]:
        return [slope for cell in self.cells for slope in cell.status.get("births", {}).get("slopes", [])]

    @property
    def birth_regimes(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for cell in self.cells:
            for name, n in cell.status.get("births", {}).get("regimes", {}).items():
                counts[name] = counts.get(name, 0) + n
        return counts


def _numbers(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def groups(swept: Swept) -> list[Group]:
    """In the order of the axes; without combinations that have no cell with a result."""
    keys, members = varied(swept), {}
    for cell in swept.cells:
        if cell.state in RESULTS and "score" in cell.status:
            members.setdefault(tuple(cell.axes[key] for key in keys), []).append(cell)
    wanted = [axes for axes in combinations(swept, keys) if tuple(axes.values()) in members]
    return [Group(axes, members[tuple(axes.values())]) for axes in wanted]


def trained(swept: Swept) -> bool:
    """Whether any cell has made an update; else scores are those of random networks."""
    return any(cell.status.get("steps") for cell in swept.cells)


def mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else math.nan


def pool(cells: Iterable[Cell], axes: Axes) -> Pool:
    """The pool of the cells with these values on these axes.

    Births of one seed that are equal to the bit are the same draw (cells that differ in something births do not depend
    on, such as the learning rate) and count once. A network that diverged is not a trained one: its slope is left out.
    """
    made = Pool(axes, [], {}, [], [], [])
    drawn = set()
    for cell in cells:
        if any(cell.axes[key] != value for key, value in axes.items()):
            continue
        births = cell.status.get("births") or {"slopes": [], "regimes": {}}
        identity = (cell.axes.get(SEED), *births["slopes"], *births["regimes"].items())
        if identity not in drawn:
            drawn.add(identity)
            made.birth_slopes.extend(births["slopes"])
            made.born.append(cell.folder)
            for regime, n in births["regimes"].items():
                made.birth_regimes[regime] = made.birth_regimes.get(regime, 0) + n
        if cell.state == "completed":
            made.slopes.extend(_numbers([cell.status.get("slope")]))
            made.trained.append(cell.folder)
    return made


def curves(path: Path) -> list[Curve]:
    """The rows of a profile file by lag; empty where a cell did not get that far."""
    return [row[:0:-1] for row in read_rows(path)]


def varied(swept: Swept) -> list[str]:
    """The swept axes but the seed; activation first and the gain second where they were swept."""
    first = {"activation": 0, "init.gain": 1}
    keys = [key for key in swept.axes if key != SEED]
    return sorted(keys, key=lambda key: first.get(key, 2))


def only(swept: Swept, key: str) -> bool:
    """Whether this axis, and but for the seed no other, has more than one value."""
    return [each for each in varied(swept) if len(swept.axes[each]) > 1] == [key]


def combinations(swept: Swept, keys: Sequence[str]) -> list[Axes]:
    """The values that occur together on these axes, in the order of the axes given."""
    seen: dict[tuple[Any, ...], Axes] = {}
    for cell in swept.cells:
        axes = {key: cell.axes[key] for key in keys}
        seen.setdefault(tuple(axes.values()), axes)
    order = {key: {str(v): i for i, v in enumerate(swept.axes[key])} for key in keys}
    return sorted(seen.values(), key=lambda axes: [order[key][str(axes[key])] for key in keys])
