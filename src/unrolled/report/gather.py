"""What the networks that were drawn before training have in common, over the runs that share some axes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrolled.config.identity import SEED, name_of
from unrolled.record.results import Cell, Swept
from unrolled.record.tables import PROFILES, read_rows
from unrolled.record.values import holds, identity, key_of

from .averages import mean, numbers, sd
from .draws import draw_of

Axes = dict[str, Any]
Curve = list[float]  # ln of the norm of dL/dh relative to lag 0, by lag; nan where nothing is drawn
Born = dict[Path, list[bool] | None]


@dataclass(frozen=True)
class Pool:
    """Births and trained networks of the runs that share these axes. slopes in nats per lag.

    birth_slopes: of the networks that have a gradient left and a slope. birth_regimes: how many of all have which.
    born: the folders of the runs with births, and which of their networks have a gradient left (None: a record of an
    earlier version does not say it). trained: the folders of the runs that ended without diverging.
    """

    axes: Axes
    birth_slopes: list[float]
    birth_regimes: dict[str, int]
    born: Born
    slopes: list[float]
    trained: list[Path]

    @property
    def name(self) -> str:
        return name_of(self.axes)

    @property
    def birth_curves(self) -> list[Curve]:
        """Of the networks that have a gradient left."""
        return [
            curve
            for folder, alive in self.born.items()
            for i, curve in enumerate(curves(folder / PROFILES / "births_relative_log.csv"))
            if alive is None or (i < len(alive) and alive[i])
        ]

    @property
    def curves(self) -> list[Curve]:
        """At the last probe."""
        return [curve for cell in self.trained for curve in curves(cell / PROFILES / "grad_h_relative_log.csv")[-1:]]

    @property
    def births(self) -> int:
        return sum(self.birth_regimes.values())

    @property
    def no_gradient(self) -> int:
        """How many networks have no gradient left; 0 where no record says it."""
        return sum(alive.count(False) for alive in self.born.values() if alive is not None)

    @property
    def birth_mean(self) -> float:
        return mean(self.birth_slopes)

    @property
    def birth_sd(self) -> float:
        return sd(self.birth_slopes)

    def share(self, regime: str) -> float:
        return self.birth_regimes.get(regime, 0) / self.births if self.births else 0.0


def pool(cells: Iterable[Cell], axes: Axes) -> Pool:
    """Returns the pool of the runs with these values on these axes.

    Runs with the same draw (`draw_of`) count once. A network that diverged is not a trained one: its slope is left out.
    """
    made = Pool(axes, [], {}, {}, [], [])
    drawn = set()
    for cell in cells:
        if not holds(cell.axes, axes):
            continue
        births = cell.record.births
        if births is not None and (draw := draw_of(cell)) not in drawn:
            drawn.add(draw)
            made.birth_slopes.extend(births.slopes)
            made.born[cell.folder] = births.alive
            for regime, n in births.regimes.items():
                made.birth_regimes[regime] = made.birth_regimes.get(regime, 0) + n
        if cell.state == "completed":
            made.slopes.extend(numbers([cell.record.end.slope]))
            made.trained.append(cell.folder)
    return made


def curves(path: Path) -> list[Curve]:
    """Returns the rows of a profile file by lag; none where a run did not get that far."""
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
    found: dict[tuple[str, ...], Axes] = {}
    for cell in swept.cells:
        found.setdefault(key_of(cell.axes, keys), {key: cell.axes.get(key) for key in keys})
    order = {key: {identity(value): i for i, value in enumerate(swept.axes[key])} for key in keys}
    return sorted(found.values(), key=lambda axes: [order[key][identity(axes[key])] for key in keys])
