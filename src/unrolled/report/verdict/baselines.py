"""Scores beside the trivial baseline and the strongest reference, for each value of an axis."""

from dataclasses import dataclass

from unrolled.record.results import Swept, SweptRun
from unrolled.record.run_record import RunRecord

from .comparison import AtValue, Measured, by_value, summary
from .numbers import limits
from .phrases import label, plain, runs
from .statement import Sentence, whole

OWN = "this network, "  # a reference that is the trained network itself, on changed examples


@dataclass(frozen=True)
class Beside:
    """Scores of the runs at one value, with the trivial baseline and the strongest other model.

    name: of the value.
    beats: how many runs are better than the baseline. beats_reference: than the reference; None without one.
    """

    name: str
    at: AtValue
    score: str
    baseline: float | None
    baseline_name: str
    reference: tuple[str, float] | None
    beats: int
    beats_reference: int | None


def beside(swept: Swept, key: str) -> list[Beside]:
    """Returns an entry for each value of the axis whose runs have one score with a known direction."""
    made = []
    for at in by_value(swept, key, Measured("score", "score", _score)):
        records = [run.record for run in at.runs if _score(run) is not None]
        if not records or len({each.score for each in records}) != 1 or records[0].larger_is_better is None:
            continue
        first, name = records[0], records[0].score or ""
        baseline, reference = first.baseline.get(name), strongest(first)
        limits = (baseline, None if reference is None else reference[1])
        beats, beats_reference = (
            None if limit is None else sum(_better(value, limit, first.larger_is_better) for value in at.found.values)
            for limit in limits
        )
        made.append(
            Beside(
                label(key, at.value), at, name, baseline, first.baseline_name, reference, beats or 0, beats_reference
            )
        )
    return made


def strongest(record: RunRecord) -> tuple[str, float] | None:
    """Returns name and score of the best reference that is another model; None if there is none."""
    found = {
        name: value
        for name, scores in record.references.items()
        if not name.startswith(OWN) and (value := scores.get(record.score or "")) is not None
    }
    if not found:
        return None
    chosen = (max if record.larger_is_better else min)(found, key=lambda name: found[name])
    return chosen, found[chosen]


def beside_baselines(swept: Swept, key: str) -> list[Sentence]:
    """Returns how many values beat their baseline and their strongest reference, and a line for each value."""
    found = beside(swept, key)
    if not found:
        return []
    better = [each for each in found if each.baseline is not None and each.beats == each.at.found.n]
    referred = [each for each in found if each.reference is not None]
    strong = [each for each in better if each in referred and each.beats_reference == each.at.found.n]
    words = f"Better than the trivial baseline in all runs: {_of(better, found)}"
    if referred:  # a reference can be worse than the trivial baseline: to beat it alone is nothing
        words += f"; also better than the strongest other model: {_of(strong, referred)}"
    return [
        whole(words, [run for each in found for run in each.at.runs]),
        *(whole(_line(each), each.at.runs) for each in found),
    ]


def _of(some: list[Beside], every: list[Beside]) -> str:
    names = f" ({'; '.join(f'{each.name}, {runs(each.at.found.n)}' for each in some)})" if some else ""
    return f"{len(some)} of {len(every)}{names}"


def _line(each: Beside) -> str:
    measured = Measured("score", each.score, _score, limits=limits(each.score))
    parts = [f"{each.name}: {each.score} {summary(each.at, measured)}"]
    if each.baseline is not None:
        parts.append(f"{each.baseline_name}: {plain(each.baseline)}, beaten by {each.beats} of {each.at.found.n}")
    if each.reference is not None:
        name, value = each.reference
        parts.append(f"{name}: {plain(value)}, beaten by {each.beats_reference} of {each.at.found.n}")
    return "; ".join(parts)


def _score(run: SweptRun) -> float | None:
    return run.record.metrics.get(run.record.score or "")


def _better(value: float, limit: float, larger: bool | None) -> bool:
    return value > limit if larger else value < limit
