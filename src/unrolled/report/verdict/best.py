"""The best of many configurations: chosen by one half of the validation split, scored on the other."""

from unrolled.record.results import Swept, SweptRun

from ..configurations import Group, groups
from ..intervals import Estimate
from .numbers import limits
from .phrases import estimate
from .statement import Sentence, whole

CHOOSING, SCORING = "even", "odd"
LEAST = 2  # configurations among which one can be the best


def best(swept: Swept) -> list[Sentence]:
    """Returns the configuration with the best mean score; empty if scores differ or records lack the halves.

    A maximum over configurations is larger than what the chosen one deserves: therefore the score is that of examples
    that did not choose it.
    """
    every = [each for each in groups(swept) if each.scores]
    larger = {each.larger_is_better for each in every}
    if len(every) < LEAST or len({each.score for each in every}) != 1 or len(larger) != 1 or None in larger:
        return []
    known = [(found, each) for each in every if len(found := _on(CHOOSING, each)) == len(each.runs)]
    if len(known) < len(every):
        return []
    choose = max if larger.pop() else min
    _, chosen = choose(known, key=lambda pair: Estimate(tuple(pair[0])).mean)
    score = estimate(Estimate(tuple(_on(SCORING, chosen))), limits(chosen.score))
    baseline = "" if chosen.baseline is None else f"; {chosen.baseline_name}: {chosen.baseline:.3g} on the whole split"
    words = (
        f"Best of {len(every)} configurations, chosen by one half of the validation split: {chosen.name}; "
        f"{chosen.score} on the other half: {score}{baseline}"
    )
    return [whole(words, chosen.runs)]


def _on(half: str, each: Group) -> list[float]:
    return [value for run in each.runs if (value := _score(run, half)) is not None]


def _score(run: SweptRun, half: str) -> float | None:
    return run.record.halves_of_validation.get(half, {}).get(run.record.score or "")
