"""Whether runs learn whose gradient at step 0 reaches what the data need, and how many of the others do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from unrolled.record.reach import PART, Needed, has_learnt, needed, reaches
from unrolled.record.results import Swept, SweptRun

from ..intervals import Share, differ
from .phrases import runs
from .statement import Sentence, whole

NOTE = (
    "A mark is a run. Above the line the gradient at step 0 keeps more than 1/100 of itself back to what the data "
    "need; a triangle lies beyond the longest lag. A run counts as learnt if it covers "
    f"{PART:.0%} of the way from the trivial baseline to a perfect score."
)


@dataclass(frozen=True)
class Reached:
    """A run beside what its data need.

    need: the first that the record has.
    within: whether the gradient at step 0 reaches it.
    after: whether that of the trained network does; None: it was not followed so far.
    learnt: whether the score is better than the trivial baseline.
    """

    run: SweptRun
    need: Needed
    within: bool
    after: bool | None
    learnt: bool


def found(swept: Swept) -> list[Reached]:
    """Returns the runs of which both the reach at step 0 and the score are known."""
    made = []
    for run in swept.runs:
        record = run.record
        needs = [] if record.halves or not record.has_result else needed(record)
        within, learnt = (reaches(needs[0], record.start), has_learnt(record)) if needs else (None, None)
        if within is not None and learnt is not None:
            made.append(Reached(run, needs[0], within, reaches(needs[0], record.end), learnt))
    return made


def reach(swept: Swept) -> list[Sentence]:
    """Returns how many runs learn on each side of the need, by the gradient at step 0 and after training."""
    known = found(swept)
    if not known:
        return []
    return [
        _sides(known, {each.run.folder: each.within for each in known}, "start"),
        *(_at(each) for each in _by_need(known) if len(_by_need(known)) > 1),
        *_after(known),
    ]


def _sides(known: list[Reached], within: dict, when: Literal["start", "end"]) -> Sentence:
    """Returns the share that has learnt of the runs whose gradient reaches the need, and of the others."""
    inside, outside = ([each for each in known if within[each.run.folder] is side] for side in (True, False))
    name = _named(known)
    at = "at step 0" if when == "start" else "after training"
    sides = [
        _counted(_learnt(chosen), words)
        for words, chosen in ((f"whose gradient {at} reaches the {name}", inside), ("whose gradient does not", outside))
        if chosen
    ]
    words = f"Runs that learn: {', '.join(sides)}"
    if inside and outside:
        certain = differ(_learnt(inside), _learnt(outside))
        words += f"; the difference is {'' if certain else 'not '}certain (Fisher's exact test)"
    return whole(words, [each.run for each in known])


def _counted(found: Share, whose: str) -> str:
    low, high = found.interval
    return f"{found.count} of {found.n} {whose} ({low:z.2f} to {high:z.2f})"


def _learnt(chosen: Iterable[Reached]) -> Share:
    every = list(chosen)
    return Share(sum(each.learnt for each in every), len(every))


def _named(known: list[Reached]) -> str:
    names = {each.need.name for each in known}
    return names.pop() if len(names) == 1 else "need"


def _by_need(known: list[Reached]) -> list[list[Reached]]:
    lags = sorted({each.need.lag for each in known})
    return [[each for each in known if each.need.lag == lag] for lag in lags]


def _at(alike: list[Reached]) -> Sentence:
    """Returns the counts of the runs whose data need one lag."""
    need = alike[0].need
    parts = [
        f"{sum(each.learnt for each in chosen)} of {runs(len(chosen))} learn whose gradient {word}"
        for word, chosen in (
            ("reaches it", [each for each in alike if each.within]),
            ("does not", [each for each in alike if not each.within]),
        )
        if chosen
    ]
    return whole(
        f"{need.name[:1].upper()}{need.name[1:]} {need.lag:g}: {', '.join(parts)}", [each.run for each in alike]
    )


def _after(known: list[Reached]) -> list[Sentence]:
    followed = [each for each in known if each.after is not None]
    return [_sides(followed, {each.run.folder: each.after for each in followed}, "end")] if followed else []
