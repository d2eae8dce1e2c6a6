"""How far back a run's data need its gradients to reach, beside how far they do, in sentences."""

from dataclasses import dataclass
from typing import Any

from unrolled.digits import score as scored

from .checked import number, table, text
from .moments import Moment
from .run_record import RunRecord

LITTLE = 0.05  # of the gain over the trivial baseline
PART = 0.05  # of the way from the trivial baseline to a perfect score: from there on a network has learnt something
SHARES = ("accuracy", "f1", "recall")  # scores that lie between 0 and 1
BEST = {**dict.fromkeys(SHARES, 1.0), "skill": 1.0}  # of the scores of which larger ones are better
OWN, SHUFFLED = "this network, ", " shuffled"  # the name of a reference: the run's network on shuffled steps


@dataclass(frozen=True)
class Needed:
    """What the data need.

    name: such as "season".
    lag: time steps from the last one that is read.
    what: a clause that names what is there.
    """

    name: str
    lag: float
    what: str


def needed(record: RunRecord) -> list[Needed]:
    """Returns what the data of a run need: what the task has found, else the lag of its dependency."""
    found = []
    for name, each in record.needs.items():
        lag, what = number(table(each).get("lag")), text(table(each).get("what"))
        if lag is not None and what is not None:
            found.append(Needed(name, lag, what))
    if not found and record.dependency is not None:
        return [Needed("delay", record.dependency, "what decides the answer")]
    return found


def reach_lines(record: RunRecord) -> list[str]:
    """Returns a sentence for each need, and one on what shuffled steps cost; [] if neither is known."""
    needs = [] if record.halves else needed(record)
    lines = [reached(each, record.end) for each in needs]
    return [f"reach     {line}" for line in (*lines, shuffled(record)) if line is not None]


def reaches(need: Needed, now: Moment) -> bool | None:
    """Whether a gradient keeps more than 1/100 of itself back to what is needed; None: it was not followed so far."""
    if now.horizon is not None:
        return now.horizon_direction == "up" or now.horizon > need.lag
    return True if now.longest_lag is not None and now.longest_lag >= need.lag else None


def reached(need: Needed, now: Moment) -> str | None:
    """Returns whether a gradient comes to what is needed; None where no gradient was followed."""
    lag, name, found = f"{need.lag:g}", need.name, reaches(need, now)
    if now.horizon is not None and now.horizon_direction == "up":
        return f"{name} at lag {lag}: within reach; the gradient grows a hundredfold by lag {now.horizon}"
    if found is None:
        known = now.longest_lag
        return None if known is None else f"{name} {lag}: unknown; gradients were followed to lag {known}"
    if now.horizon is None:
        return f"horizon beyond lag {now.longest_lag}, {name} {lag}: {need.what} is within reach"
    if found:
        return f"horizon {now.horizon} > {name} {lag}: {need.what} is within reach"
    return (
        f"horizon {now.horizon} <= {name} {lag}: out of reach; this network receives at most 1/100 of the gradient at "
        f"{need.what}"
    )


def has_learnt(record: RunRecord) -> bool | None:
    """Whether a score covers PART of the way from the trivial baseline to a perfect score; None: one is not known.

    Where no perfect score is known, any improvement counts. A run that has diverged has not learnt.
    """
    name = record.score or ""
    here, trivial = record.metrics.get(name), record.baseline.get(name)
    if record.state == "diverged":
        return False
    if here is None or trivial is None or record.larger_is_better is None:
        return None
    best = BEST.get(name.removeprefix("val/"), trivial) if record.larger_is_better else min(0.0, trivial)
    gain = here - trivial if record.larger_is_better else trivial - here
    return gain > 0 and gain >= PART * abs(best - trivial)


def shuffled(record: RunRecord) -> str | None:
    """Returns what shuffled steps cost beside the gain over the trivial baseline.

    None if either is not known, or if the network has learnt nothing.
    """
    key = record.score or ""
    here, trivial = record.metrics.get(key), record.baseline.get(key)
    other = next(
        (scores.get(key) for name, scores in record.references.items() if name.startswith(OWN) and SHUFFLED in name),
        None,
    )
    if here is None or trivial is None or other is None or record.larger_is_better is None:
        return None
    sign = 1 if record.larger_is_better else -1
    gain, cost = sign * (here - trivial), sign * (here - other)
    if not has_learnt(record):
        return None
    better = f"this network is {scored(gain)} better than the trivial baseline"
    costs = f"shuffled steps cost {scored(max(cost, 0.0))} {key}; {better}"
    if cost < LITTLE * gain:
        return f"{costs}: order matters little here, and so does the horizon"
    return f"{costs}: order matters"


def kept(needs: Any) -> dict[str, dict[str, Any]]:
    """Returns the needs of a task's data as a record has them, by name."""
    return {each.name: {"lag": float(each.lag), "what": each.what} for each in needs}
