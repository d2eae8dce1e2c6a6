"""The answer of a sweep in one sentence, each clause with the cells that it stands on."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from unrolled.sweeps.results import Swept

from .gather import Pool, pool, varied
from .sentences import AGREE, VERBS


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
    if not any(cell.status.get("births", {}).get("n") for cell in swept.cells):
        return []
    along = next((key for key in varied(swept) if _numeric(swept.axes[key])), None)
    by = next((key for key in varied(swept) if key != along and not _numeric(swept.axes[key])), None)
    subjects = [{by: value} for value in swept.axes[by]] if by else [{}]
    return [clause for subject in subjects for clause in _about(swept, subject, along)]


def _numeric(values: Sequence[Any]) -> bool:
    return len(values) > 1 and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _about(swept: Swept, subject: dict[str, Any], along: str | None) -> list[Clause]:
    values = [{along: value} for value in sorted(swept.axes[along])] if along else [{}]
    pools = [pool(swept.cells, subject | value) for value in values]
    told = [(value, _regime(each)) for value, each in zip(values, pools, strict=True) if each.births]
    runs = [(regime, [value for value, _ in run]) for regime, run in groupby(told, key=lambda pair: pair[1])]
    name = str(next(iter(subject.values()), "the gradient"))
    return [
        Clause(name, _verb(regime) + _where(held, i, len(runs)), _cells(swept, subject, held))
        for i, (regime, held) in enumerate(runs)
    ]


def _regime(each: Pool) -> str | None:
    """The one that at least 90 % of the births have; None where there is none."""
    regime, _ = max(each.birth_regimes.items(), key=lambda item: item[1])
    return regime if regime in VERBS and each.share(regime) >= AGREE else None


def _verb(regime: str | None) -> str:
    return VERBS[regime].rstrip(",") if regime else "has no regime that 9 in 10 births share"


def _where(held: list[dict[str, Any]], index: int, runs: int) -> str:
    """held: the values next to one another, of one axis or of none, that the clause speaks of."""
    if not held[0]:
        return ""
    axis = next(iter(held[0])).rpartition(".")[2]
    first, last = (next(iter(value.values())) for value in (held[0], held[-1]))
    if runs == 1:
        return f" at every {axis}"
    if len(held) == 1 and 0 < index < runs - 1:
        return f" at {axis} {first}"
    if index == 0:
        return f" up to {axis} {last}"
    if index == runs - 1:
        return f" from {axis} {first}"
    return f" at {axis} {first} to {last}"


def _cells(swept: Swept, subject: dict[str, Any], held: list[dict[str, Any]]) -> list[int]:
    kept = [subject | value for value in held]
    return [
        int(cell.folder.name)
        for cell in swept.cells
        if any(all(cell.axes[key] == value for key, value in axes.items()) for axes in kept)
    ]
