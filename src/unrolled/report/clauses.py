"""The result of a sweep in one sentence; each clause lists the runs that support it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from unrolled.config.identity import name_of, shown
from unrolled.record.results import Swept, SweptRun
from unrolled.record.values import holds

from .gather import Axes, combinations, pool, varied
from .sentences import agreed, verb

NO_RESULT = "has no result"
DIFFERENT = "has no regime that 9 in 10 births share"


@dataclass(frozen=True)
class Clause:
    """A statement about one value of an axis.

    subject: grammatical subject, printed once per group of clauses.
    runs: the numbers of the runs that the statement is about.
    """

    subject: str
    text: str
    runs: list[int]


def clauses(swept: Swept) -> list[Clause]:
    """Returns the regimes at initialisation for each value of the first axis of words.

    Each value has a clause per range of the first axis of numbers, if there is one. Empty if no run has drawn networks
    before training.
    """
    if not any(map(_has_initialisations, swept.runs)):
        return []
    by, along = _subject_and_path(swept)
    subjects = [{by: value} for value in swept.axes[by]] if by else [{}]
    return [clause for subject in subjects for clause in _clauses_of(swept, subject, along)]


def unmentioned_axes(swept: Swept) -> list[str]:
    """Returns the axes that no clause mentions: the clauses hold for each of their values."""
    return [key for key in varied(swept) if key not in _subject_and_path(swept) and len(swept.axes[key]) > 1]


def _has_initialisations(run: SweptRun) -> bool:
    return run.record.births is not None and run.record.births.n > 0


def _subject_and_path(swept: Swept) -> tuple[str | None, str | None]:
    """Returns the axis whose values are the subjects, and the axis of numbers along which each subject is described."""
    along = next((key for key in varied(swept) if _numeric(swept.axes[key])), None)
    by = next((key for key in varied(swept) if key != along and not _numeric(swept.axes[key])), None)
    return by, along


def _numeric(values: Sequence[Any]) -> bool:
    return len(values) > 1 and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _clauses_of(swept: Swept, subject: Axes, along: str | None) -> list[Clause]:
    values = [{along: value} for value in sorted(swept.axes[along])] if along else [{}]
    verbs = [(value, _verb(swept, subject | value)) for value in values]
    stretches = [(verb, [value for value, _ in pairs]) for verb, pairs in groupby(verbs, key=lambda pair: pair[1])]
    name = name_of(subject) if subject else "the gradient"
    return [
        Clause(
            name,
            verb + _range_of(stretch, i, len(stretches)),
            _run_numbers(swept, [subject | value for value in stretch], verb),
        )
        for i, (verb, stretch) in enumerate(stretches)
    ]


def _verb(swept: Swept, axes: Axes) -> str:
    """Returns the verb of the regime of at least 90 % of the networks in each configuration with these values."""
    every = [each for each in combinations(swept, varied(swept)) if holds(each, axes)]
    pools = [found for each in every if (found := pool(swept.runs, each)).initialisations]
    if not pools:
        return NO_RESULT
    regimes = {agreed(found) for found in pools}
    regime = regimes.pop() if len(regimes) == 1 else None
    return verb(regime).rstrip(",") if regime else DIFFERENT


def _range_of(stretch: list[Axes], index: int, stretches: int) -> str:
    """Returns the range of the axis that a clause is about.

    stretch: consecutive values with the same verb; the dicts are empty without an axis of numbers.
    index, stretches: which of how many stretches this is.
    """
    if not stretch[0]:
        return ""
    axis = next(iter(stretch[0])).rpartition(".")[2]
    first, last = (shown(next(iter(value.values()))) for value in (stretch[0], stretch[-1]))
    if stretches == 1:
        return f" at every {axis}"
    if len(stretch) == 1 and 0 < index < stretches - 1:
        return f" at {axis} {first}"
    if index == 0:
        return f" up to {axis} {last}"
    if index == stretches - 1:
        return f" from {axis} {first}"
    return f" at {axis} {first} to {last}"


def _run_numbers(swept: Swept, kept: Iterable[Axes], verb: str) -> list[int]:
    """Returns the numbers of the runs with these values that drew networks; of all of them if none did."""
    matching = [run for run in swept.runs if any(holds(run.axes, axes) for axes in kept)]
    return [int(run.folder.name) for run in matching if verb == NO_RESULT or _has_initialisations(run)]
