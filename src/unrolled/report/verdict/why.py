"""Why a gradient shrinks or grows: the factors of one step back in time, as measured along it at step 0."""

import math

from unrolled.config.identity import shown
from unrolled.record.results import Swept, SweptRun

from .comparison import Measured, by_value
from .phrases import label, plain
from .statement import Sentence, whole

LARGEST_SLOPE = {  # sup |f'|; a test compares it with the activations themselves
    "identity": "f' = 1",
    "tanh": "f' <= 1",
    "sigmoid": "f' <= 1/4",
    "relu": "f' is 0 or 1",
    "leaky_relu": "f' is 0.01 or 1",
    "softsign": "f' <= 1",
    "hardtanh": "f' is 0 or 1",
}
BY_F = Measured("factor of f'", "factor of f'", lambda run: run.record.start.slope_by_f)
BY_W = Measured("factor of W_h", "factor of W_h", lambda run: run.record.start.slope_by_W_h)


def why(swept: Swept, key: str) -> list[Sentence]:
    """Returns a sentence for each value of the axis: what f' and W_h do to the gradient at each step back.

    The factors are geometric means over the runs at step 0; the range is that over the runs.
    """
    by_w = {shown(each.value): each for each in by_value(swept, key, BY_W)}
    lines = []
    for at in by_value(swept, key, BY_F):
        other = by_w[shown(at.value)].found
        if not at.found.n or not other.n:
            continue
        name = label(key, at.value) if key in swept.axes else "the gradient"
        known = LARGEST_SLOPE.get(_activation(at.runs))
        lines.append(
            whole(
                f"{name}: at each step back f' multiplies the gradient by {_factors(at.found.values, known)} and "
                f"W_h, along the gradient, by {_factors(other.values)}; together {_factors(_sums(at.runs))} "
                f"({len(at.runs)} run{'s' * (len(at.runs) != 1)} at step 0)",
                at.runs,
            )
        )
    return lines


def _activation(runs: list[SweptRun]) -> str:
    names = {str(run.axes.get("activation", run.record.choices.get("activation"))) for run in runs}
    return names.pop() if len(names) == 1 else ""


def _sums(runs: list[SweptRun]) -> tuple[float, ...]:
    pairs = ((BY_F.of(run), BY_W.of(run)) for run in runs)
    return tuple(f + w for f, w in pairs if f is not None and w is not None)


def _factors(nats: tuple[float, ...], known: str | None = None) -> str:
    """Returns the geometric mean of the factors, their range if they differ in the digits shown, and what is known."""
    if not nats:
        return "-"
    middle = plain(math.exp(sum(nats) / len(nats)))
    low, high = (plain(math.exp(value)) for value in (min(nats), max(nats)))
    beside = [text for text in ("" if low == high else f"from {low} to {high}", known) if text]
    return f"{middle} ({'; '.join(beside)})" if beside else middle
