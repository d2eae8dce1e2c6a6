"""What the gradient does at initialisation, for the values of two axes: each clause lists the runs that support it."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from unrolled.config.identity import name_of
from unrolled.record.checked import is_number
from unrolled.record.results import Swept, SweptRun
from unrolled.record.values import holds

from ..gather import Axes, Pool, combinations, pool, varied
from ..intervals import Share
from ..sentences import agreed, verb
from .phrases import share, tried
from .statement import Clause, Sentence

NO_RESULT = "has no result"
DIFFERENT = "has no regime that 9 in 10 initialisations share"
EXACT = ("orthogonal", "identity")  # choices of init whose W_h is the gain times an orthogonal matrix


def at_initialisation(swept: Swept, by: Sequence[str] = ()) -> Sentence:
    """Returns the regimes at initialisation for each value of an axis, along the values of a second axis.

    by: the axes; empty: the first axis of words, and the first axis of numbers.
    The sentence is empty if no run has drawn networks before training.
    """
    if not any(map(_has_initialisations, swept.runs)):
        return []
    subject, along = _subject_and_path(swept, by)
    subjects = [{subject: value} for value in swept.axes[subject]] if subject else [{}]
    return [clause for each in subjects for clause in _clauses_of(swept, each, along)]


def unmentioned_axes(swept: Swept, by: Sequence[str] = ()) -> list[str]:
    """Returns the axes that no clause mentions: the clauses hold for each of their values."""
    return [key for key in varied(swept) if key not in _subject_and_path(swept, by) and len(swept.axes[key]) > 1]


def _has_initialisations(run: SweptRun) -> bool:
    return run.record.births is not None and run.record.births.n > 0


def _subject_and_path(swept: Swept, by: Sequence[str]) -> tuple[str | None, str | None]:
    """Returns the axis whose values are the subjects, and the axis of numbers along which each subject is described."""
    keys = [key for key in by if key in swept.axes] or varied(swept)
    along = next((key for key in keys if _numeric(swept.axes[key])), None)
    subject = next((key for key in keys if key != along and (key in by or not _numeric(swept.axes[key]))), None)
    return subject, along


def _numeric(values: Sequence[Any]) -> bool:
    return len(values) > 1 and all(map(is_number, values))


def _clauses_of(swept: Swept, subject: Axes, along: str | None) -> list[Clause]:
    values = [{along: value} for value in sorted(swept.axes[along])] if along else [{}]
    verbs = [(value, _verb(swept, subject | value)) for value in values]
    stretches = [(verb, [value for value, _ in pairs]) for verb, pairs in groupby(verbs, key=lambda pair: pair[1])]
    name = f"{name_of(subject)}: the gradient at initialisation" if subject else "The gradient at initialisation"
    return [
        Clause(
            name,
            words + _range_of(stretch),
            _run_numbers(swept, [subject | value for value in stretch], words),
            _behind(swept, [subject | value for value in stretch], words),
        )
        for words, stretch in stretches
    ]


def _verb(swept: Swept, axes: Axes) -> str:
    """Returns the verb of the regime of at least 90 % of the networks in each configuration with these values."""
    pools = _pools(swept, axes)
    if not pools:
        return NO_RESULT
    regimes = {agreed(found) for found in pools}
    regime = regimes.pop() if len(regimes) == 1 else None
    return verb(regime).rstrip(",") if regime else DIFFERENT


def _pools(swept: Swept, axes: Axes) -> list[Pool]:
    """Returns the networks drawn for each configuration with these values, of those that have any."""
    every = [each for each in combinations(swept, varied(swept)) if holds(each, axes)]
    return [found for each in every if (found := pool(swept.runs, each)).initialisations]


def _range_of(stretch: list[Axes]) -> str:
    """Returns the values that a clause is about. stretch: the dicts are empty without an axis of numbers."""
    if not stretch[0]:
        return ""
    (key,) = stretch[0]
    return f" {tried(key, [value[key] for value in stretch])}"


def _behind(swept: Swept, kept: Sequence[Axes], words: str) -> str:
    """Returns the networks behind a clause: how many have the regime, or that it is a theorem."""
    pools = [each for axes in kept for each in _pools(swept, axes)]
    if words == NO_RESULT or not pools:
        return ""
    if all(_is_exact(run) for run in _runs(swept, kept)):
        return "exact: each step back multiplies the gradient by the gain"
    n = sum(each.initialisations for each in pools)
    if words == DIFFERENT:
        counts: dict[str, int] = {}
        for each in pools:
            for regime, k in each.initial_regimes.items():
                counts[regime] = counts.get(regime, 0) + k
        ordered = sorted(counts.items(), key=lambda item: -item[1])
        return f"{', '.join(f'{k} {regime}' for regime, k in ordered)} of {n} networks"
    regime = agreed(pools[0])
    return share(Share(sum(each.initial_regimes[regime or ""] for each in pools), n), "networks")


def _is_exact(run: SweptRun) -> bool:
    """Returns whether W_h of a linear vanilla layer is a multiple of an orthogonal matrix: its slope is ln(gain)."""
    chosen = {key: str(run.axes.get(key, run.record.choices.get(key))) for key in ("activation", "cell", "init")}
    vanilla = chosen["cell"] in ("rnn", "None")  # an earlier version had no other
    return vanilla and chosen["activation"] == "identity" and chosen["init"] in EXACT


def _runs(swept: Swept, kept: Iterable[Axes]) -> list[SweptRun]:
    kept = list(kept)
    return [run for run in swept.runs if any(holds(run.axes, axes) for axes in kept)]


def _run_numbers(swept: Swept, kept: Iterable[Axes], words: str) -> list[int]:
    """Returns the numbers of the runs with these values that drew networks; of all of them if none did."""
    runs = _runs(swept, kept)
    return [int(run.folder.name) for run in runs if words == NO_RESULT or _has_initialisations(run)]
