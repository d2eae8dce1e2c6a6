"""Whether training raises or lowers the slope: how many runs go up at each value of an axis, and how far."""

from unrolled.record.results import Swept

from ..intervals import Share
from .comparison import AtValue, by_value
from .numbers import CHANGE
from .phrases import label, share
from .statement import Sentence, whole

NOT_CERTAIN = "changes the slope in no certain direction"
EVEN = 0.5  # the share of runs that go up if training has no direction


def changes(swept: Swept, key: str) -> list[Sentence]:
    """Returns the values at which training raises or lowers the slope, and those without a certain direction.

    A direction is certain where Wilson's interval of the share of runs that go up leaves out one half.
    Empty if no run has both slopes.
    """
    found: dict[str, list[str]] = {"raises the slope": [], "lowers the slope": [], NOT_CERTAIN: []}
    runs = []
    for each in by_value(swept, key, CHANGE):
        if each.found.n:
            direction, numbers = _change(each)
            found[direction].append(f"{label(key, each.value) if key in swept.axes else 'the runs'} ({numbers})")
            runs += each.runs
    words = [f"training {verb} with {', '.join(values)}" for verb, values in found.items() if values]
    joined = "; ".join(words)
    return [whole(f"{joined[:1].upper()}{joined[1:]}", runs)] if words else []


def _change(at: AtValue) -> tuple[str, str]:
    up = Share(sum(value > 0 for value in at.found.values), at.found.n)
    least, most = up.interval
    direction = "raises the slope" if least > EVEN else "lowers the slope" if most < EVEN else NOT_CERTAIN
    low, high = (f"{value:+z.3g}" for value in (min(at.found.values), max(at.found.values)))
    return (
        direction,
        f"higher in {share(up, 'runs')}; {f'by {low}' if low == high else f'from {low} to {high}'} nats per lag",
    )
