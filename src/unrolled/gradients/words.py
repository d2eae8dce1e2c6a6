"""A diagnosis in two plain sentences: what happens to the gradient, and what does it."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .diagnosis import Diagnosis


def explanation(found: "Diagnosis") -> str:
    """For readers who have not seen the rules: sizes as factors, not in nats."""
    return f"{_what(found)} {_why(found)}"


def _what(  # noqa: PLR0911
    found: "Diagnosis",
) -> str:
    if found.diverged_at is not None:
        return f"The state itself overflows at time step {found.diverged_at}, so there is no gradient to follow."
    if found.regime in ("mixed", "cut"):
        return f"{found.reason[0].upper()}{found.reason[1:]}."
    if found.slope is None or found.zeros > 0.5:
        return f"There is too little gradient to follow: {found.reason}."
    factor, lag = math.exp(found.slope), found.horizon.lag
    step = f"Each step back in time multiplies the gradient by {factor:.3g} on average"
    if found.regime == "transient":
        return f"{step}, but not evenly: {found.reason}."
    if found.regime == "undecided":
        return f"{step}, and that is not certain enough to give it a name: {found.reason}."
    if found.regime == "stable":
        return f"{step}: {_arrival(found)}."
    if lag is None:
        return f"{step}; within the steps that there are it does not change a hundredfold."
    changed = "a hundredth of it is left" if found.horizon.direction == "down" else "it is a hundred times as large"
    bounded = ", although the states stay within bounds: a small change of one grows like that too (chaos)"
    return f"{step}: after {lag} of them {changed}{bounded if found.regime == 'chaotic' else ''}."


def _arrival(found: "Diagnosis") -> str:
    """What is left at the longest lag, where each step alone changes little: the first lag may have changed much."""
    last = found.longest_lag or 0
    left = math.exp(float(found.lags.mean[last]))
    if 0.1 < left < 10:
        return "it arrives about as large as it left"
    first = math.exp(float(found.lags.mean[1]))
    return f"{left:.2g} of its length arrives, after a factor of {first:.2g} at the first lag"


def _why(found: "Diagnosis") -> str:
    if found.diverged_at is not None:
        return "A smaller gain of W_h, or a bounded activation, would keep it finite."
    if found.regime in ("mixed", "cut"):
        return "A mean over all samples and steps describes that badly: look at the profile."
    if found.dead == 1:
        return "Every unit is off (f' = 0), so nothing passes through it."
    if found.by_f is None or found.by_weights is None:
        return (
            f"{found.flat:.0%} of the units sit where the activation is flat, {found.dead:.0%} where f' is exactly 0."
        )
    return f"Along the way {_parts(found)}."


def _parts(found: "Diagnosis") -> str:
    by_weights, by_f = (math.exp(each or 0.0) for each in (found.by_weights, found.by_f))
    flat = f" ({found.flat:.0%} of the units sit where f is flat)" if found.flat >= 0.01 else ""
    return f"W_h alone would multiply it by {by_weights:.3g} a step, the activation's slope by {by_f:.3g}{flat}"
