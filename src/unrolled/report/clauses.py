"""The answer of a sweep in one sentence, each clause with the cells that it stands on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from unrolled.config.identity import name_of, shown
from unrolled.record.results import Cell, Swept
from unrolled.record.values import holds

from .gather import Axes, combinations, pool, varied
from .sentences import agreed, verb

NO_BIRTHS = "has no result"
DIFFERENT = "has no regime that 9 in 10 births share"


@dataclass(frozen=True)
class Clause:
    """subject: what it speaks of, told once for all of its clauses. cells: their numbers."""

    subject: str
    text: str
    cells: list[int]


def clauses(swept: Swept) -> list[Clause]:
    """What the births of each value of the first axis of words do along the first axis of numbers, if there is one.

    Empty where nothing was born.
    """
    if not any(map(_born, swept.cells)):
        return []
    by, along = _spoken_of(swept)
    subjects = [{by: value} for value in swept.axes[by]] if by else [{}]
    return [clause for subject in subjects for clause in _about(swept, subject, along)]


def held_alike(swept: Swept) -> list[str]:
    """The axes that no clause speaks of: what is said holds for each of their values."""
    return [key for key in varied(swept) if key not in _spoken_of(swept) and len(swept.axes[key]) > 1]


def _born(cell: Cell) -> bool:
    return cell.record.births is not None and cell.record.births.n > 0


def _spoken_of(swept: Swept) -> tuple[str | None, str | None]:
    """The axis whose values are the subjects, and the one along which they are followed."""
    along = next((key for key in varied(swept) if _numeric(swept.axes[key])), None)
    by = next((key for key in varied(swept) if key != along and not _numeric(swept.axes[key])), None)
    return by, along


def _numeric(values: Sequence[Any]) -> bool:
    return len(values) > 1 and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _about(swept: Swept, subject: Axes, along: str | None) -> list[Clause]:
    values = [{along: value} for value in sorted(swept.axes[along])] if along else [{}]
    told = [(value, _verb(swept, subject | value)) for value in values]
    runs = [(verb, [value for value, _ in run]) for verb, run in groupby(told, key=lambda pair: pair[1])]
    name = name_of(subject) if subject else "the gradient"
    return [
        Clause(name, verb + _where(held, i, len(runs)), _cells(swept, [subject | value for value in held], verb))
        for i, (verb, held) in enumerate(runs)
    ]


def _verb(swept: Swept, axes: Axes) -> str:
    """That of the regime which at least 90 % of the births have in every single configuration with these values."""
    every = [each for each in combinations(swept, varied(swept)) if holds(each, axes)]
    pools = [found for each in every if (found := pool(swept.cells, each)).births]
    if not pools:
        return NO_BIRTHS
    regimes = {agreed(found) for found in pools}
    regime = regimes.pop() if len(regimes) == 1 else None
    return verb(regime).rstrip(",") if regime else DIFFERENT


def _where(held: list[Axes], index: int, runs: int) -> str:
    """held: the values next to one another, of one axis or of none, that the clause speaks of."""
    if not held[0]:
        return ""
    axis = next(iter(held[0])).rpartition(".")[2]
    first, last = (shown(next(iter(value.values()))) for value in (held[0], held[-1]))
    if runs == 1:
        return f" at every {axis}"
    if len(held) == 1 and 0 < index < runs - 1:
        return f" at {axis} {first}"
    if index == 0:
        return f" up to {axis} {last}"
    if index == runs - 1:
        return f" from {axis} {first}"
    return f" at {axis} {first} to {last}"


def _cells(swept: Swept, kept: Iterable[Axes], verb: str) -> list[int]:
    """Those that were born, or where none was, all of them."""
    held = [cell for cell in swept.cells if any(holds(cell.axes, axes) for axes in kept)]
    return [int(cell.folder.name) for cell in held if verb == NO_BIRTHS or _born(cell)]
