"""How many updates the runs need to solve the task, how many diverge, and whether the gradient orders them."""

from unrolled.config.identity import SEED
from unrolled.record.results import Swept

from .. import solving
from ..gather import varied
from ..intervals import Share
from .phrases import runs, share, tried
from .solved import solved_by_regime
from .statement import Sentence, whole


def totals(swept: Swept) -> list[Sentence]:
    """Returns how many runs solved the task, the range of their updates, and how many diverged; empty if none can."""
    timed = [(run, time) for run in swept.runs if (time := solving.solving_time(run)) is not None]
    if not timed:
        return []
    n, at = len(timed), sorted(time.updates for _, time in timed if time.solved)
    axes = [key for key in varied(swept) if key != SEED and len(swept.axes[key]) > 1]
    where = " and ".join(tried(key, swept.axes[key]) for key in axes)
    solved, took = share(Share(len(at), n), "runs"), f" after {_updates(at)}" if at else ""
    unsolved = [time.updates for _, time in timed if not time.solved and not time.diverged]
    left = f"; {runs(len(unsolved))} did not within {_updates(sorted(unsolved))}" if unsolved else ""
    lost = share(Share(sum(time.diverged and not time.solved for _, time in timed), n))
    start = f"{where[:1].upper()}{where[1:]}: " if where else ""
    words = f"{start}{solved}, solved the task{took}{left}; {lost}, diverged before they solved it"
    return [whole(words, [run for run, _ in timed])]


def _updates(ordered: list[float]) -> str:
    ends = dict.fromkeys(f"{value:z,.0f}" for value in (ordered[0], ordered[-1]))
    return f"{' to '.join(ends)} updates"


def extremes(swept: Swept) -> list[Sentence]:
    """Returns the configurations with the fewest and the most updates."""
    return [whole(line.rstrip(".")) for line in solving.extremes(swept)]


def by_change(swept: Swept) -> list[Sentence]:
    """Returns the totals and extremes, whether |slope x lag| orders the runs, and their regimes at step 0."""
    known = [run for run in swept.runs if solving.change_of(run) is not None]
    lines = [whole(line.rstrip("."), known) for line in solving.ordered(swept)]
    if not lines and known:
        lines = [
            whole(f"{runs(len(known))} with a known slope and lag are too few for a statement about their order", known)
        ]
    return [*totals(swept), *extremes(swept), *lines, *solved_by_regime(swept)]
