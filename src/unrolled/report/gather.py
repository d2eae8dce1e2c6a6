"""Pools of runs that share some axes: their networks at initialisation, and their trained networks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrolled.config.identity import SEED, name_of
from unrolled.record.results import Swept, SweptRun
from unrolled.record.tables import PROFILES, read_rows
from unrolled.record.values import holds, identity, key_of

from .averages import mean, numbers, sd
from .draws import draw_of

Axes = dict[str, Any]
Curve = list[float]  # ln of the norm of dL/dh relative to lag 0, by lag; nan where it is not known
Alive = dict[Path, list[bool] | None]


@dataclass(frozen=True)
class Pool:
    """Networks at initialisation and after training, of the runs that share these axes. Slopes in nats per lag.

    initial_slopes: slopes at initialisation of the networks with a gradient left and a slope.
    initial_regimes: number of networks at initialisation in each regime.
    alive: folder of each run with networks drawn before training -> whether each network has a gradient left; None: a
        record of an earlier version does not say.
    slopes: slopes after training.
    trained: folders of the runs that ended without diverging.
    """

    axes: Axes
    initial_slopes: list[float]
    initial_regimes: dict[str, int]
    alive: Alive
    slopes: list[float]
    trained: list[Path]

    @property
    def name(self) -> str:
        return name_of(self.axes)

    @property
    def initial_curves(self) -> list[Curve]:
        """Curves at initialisation of the networks with a gradient left."""
        return [
            curve
            for folder, alive in self.alive.items()
            for i, curve in enumerate(curves(folder / PROFILES / "births_relative_log.csv"))
            if alive is None or (i < len(alive) and alive[i])
        ]

    @property
    def curves(self) -> list[Curve]:
        """Curves of the trained networks at the last probe."""
        return [curve for run in self.trained for curve in curves(run / PROFILES / "grad_h_relative_log.csv")[-1:]]

    @property
    def initialisations(self) -> int:
        """Number of networks at initialisation."""
        return sum(self.initial_regimes.values())

    @property
    def no_gradient(self) -> int:
        """Number of networks without a gradient left; 0 if no record says."""
        return sum(alive.count(False) for alive in self.alive.values() if alive is not None)

    @property
    def initial_mean(self) -> float:
        """Mean slope at initialisation; nan if there is none."""
        return mean(self.initial_slopes)

    @property
    def initial_sd(self) -> float:
        """Standard deviation of the slopes at initialisation; nan if there are fewer than two."""
        return sd(self.initial_slopes)

    def share(self, regime: str) -> float:
        """Returns the fraction of the networks at initialisation in this regime."""
        return self.initial_regimes.get(regime, 0) / self.initialisations if self.initialisations else 0.0


def pool(runs: Iterable[SweptRun], axes: Axes) -> Pool:
    """Returns the pool of the runs with these values on these axes.

    Runs with the same draw (`draw_of`) count once at initialisation. Networks that diverged are not among the trained.
    """
    made = Pool(axes, [], {}, {}, [], [])
    drawn = set()
    for run in runs:
        if not holds(run.axes, axes):
            continue
        births = run.record.births
        if births is not None and (draw := draw_of(run)) not in drawn:
            drawn.add(draw)
            made.initial_slopes.extend(births.slopes)
            made.alive[run.folder] = births.alive
            for regime, n in births.regimes.items():
                made.initial_regimes[regime] = made.initial_regimes.get(regime, 0) + n
        if run.state == "completed":
            made.slopes.extend(numbers([run.record.end.slope]))
            made.trained.append(run.folder)
    return made


def curves(path: Path) -> list[Curve]:
    """Returns the rows of a profile file by lag; empty if the run did not write it."""
    return [row[:0:-1] for row in read_rows(path)]


def varied(swept: Swept) -> list[str]:
    """Returns the swept axes without the seed: first the activation, then the gain, then the others in their order."""
    first = {"activation": 0, "init.gain": 1}
    keys = [key for key in swept.axes if key != SEED]
    return sorted(keys, key=lambda key: first.get(key, 2))


def only(swept: Swept, key: str) -> bool:
    """Returns whether this axis is the only one, apart from the seed, with more than one value."""
    return [each for each in varied(swept) if len(swept.axes[each]) > 1] == [key]


def combinations(swept: Swept, keys: Sequence[str]) -> list[Axes]:
    """Returns the combinations of values that occur on the axes `keys`, in the order of the sweep."""
    found: dict[tuple[str, ...], Axes] = {}
    for run in swept.runs:
        found.setdefault(key_of(run.axes, keys), {key: run.axes.get(key) for key in keys})
    order = {key: {identity(value): i for i, value in enumerate(swept.axes[key])} for key in keys}
    return sorted(found.values(), key=lambda axes: [order[key][identity(axes[key])] for key in keys])
