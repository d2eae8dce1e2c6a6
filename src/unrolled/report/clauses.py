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
    """What the births of each value of the first axis of words do along the first axis of numbers.

    Empty where nothing was born, or there is no such axis of numbers.
    """
    along = next((key for key in varied(swept) if _numeric(swept.axes[key])), None)
    if along is None or not any(cell.status.get("births", {}).get("n") for cell in swept.cells):
        return []
    by = next((key for key in varied(swept) if key != along and not _numeric(swept.axes[key])), None)
    subjects = [{by: value} for value in swept.axes[by]] if by else [{}]
    return [clause for subject in subjects for clause in _about(swept, subject, along)]


def _numeric(values: Sequence[Any]) -> bool:
    return len(values) > 1 and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _about(swept: Swept, subject: dict[str, Any], along: str) -> list[Clause]:
    values = sorted(swept.axes[along])
    pools = [pool(swept.cells, {**subject, along: value}) for value in values]
    told = [(value, _regime(each)) for value, each in zip(values, pools, strict=True) if each.births]
    runs = [(regime, [value for value, _ in run]) for regime, run in groupby(told, key=lambda pair: pair[1])]
    name = str(next(iter(subject.values()), "the gradient"))
    word = along.rpartition(".")[2]
    return [
        Clause(name, _words(regime, word, held, i, len(runs)), _cells(swept, subject, along, held))
        for i, (regime, held) in enumerate(runs)
    ]


def _regime(each: Pool) -> str | None:
    """The one that at least 90 % of the births have; None where there is none."""
    regime, _ = max(each.birth_regimes.items(), key=lambda item: item[1])
    return regime if regime in VERBS and each.share(regime) >= AGREE else None


def _words(regime: str | None, axis: str, held: list[Any], index: int, runs: int) -> str:
    verb = VERBS[regime].rstrip(",") if regime else "has no regime that 9 in 10 births share"
    if runs == 1:
        return f"{verb} at every {axis}"
    if len(held) == 1 and 0 < index < runs - 1:
        return f"{verb} at {axis} {held[0]}"
    if index == 0:
        return f"{verb} up to {axis} {held[-1]}"
    if index == runs - 1:
        return f"{verb} from {axis} {held[0]}"
    return f"{verb} at {axis} {held[0]} to {held[-1]}"


def _cells(swept: Swept, subject: dict[str, Any], along: str, held: list[Any]) -> list[int]:
    return [
        int(cell.folder.name)
        for cell in swept.cells
        if cell.axes[along] in held and all(cell.axes[key] == value for key, value in subject.items())
    ]
