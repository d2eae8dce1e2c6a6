"""What a record says, in the words of the terminal and of the pages."""

import math

from .checked import Numbers
from .moments import Moment
from .quantities import MEASURED, PREDICTORS, Prediction
from .run_record import Births, Part, RunRecord

SIGNIFICANT = {32: 24, 64: 53}  # binary digits of a number of so many bits


def gradient_lines(record: RunRecord) -> list[str]:
    """Regime, cause, horizon and theory of a run, a line each; none where no probe was taken."""
    if record.end.regime is None:
        return []
    lines = []
    for name, part in record.parts.items():
        lines += ([f"{name}:"] if name else []) + _of_part(part)
    if record.end.below_float_from is not None:
        lag, bits = record.end.below_float_from, record.bits or ""
        lines.append(f"zeros     the gradient is below float{bits} from lag {lag} on; the log-space pass continues")
    elif record.end.flushed_to_zero:
        lines.append(
            f"zeros     {record.end.flushed_to_zero} norms of the last profile are exactly 0 in training's precision"
        )
    growth = max(part.end.rounding_growth or 0.0 for part in record.parts.values())
    if (words := lost_to_rounding(growth, record.bits or 32)) is not None:
        lines.append(f"rounding  {words}")
    return lines


def lost_to_rounding(growth: float | None, bits: int) -> str | None:
    """That the profile of a pass in so many bits cannot be reproduced, where that is so.

    growth: of an error of the state over the sequence, in nats; None: it does not grow.
    """
    digits = SIGNIFICANT.get(bits)
    if growth is None or digits is None or growth <= digits * math.log(2):
        return None
    return (
        f"the float{bits} profile cannot be reproduced: Lyapunov exponent x T = {number(growth, 'z.1f')} nats, and "
        f"from {digits * math.log(2):z.1f} on a rounding error of 2^-{digits} is as large as the state"
    )


def _of_part(part: Part) -> list[str]:
    lines, now = [], part.end
    if part.births is not None and part.births.n:
        lines.append(f"at birth  {births_words(part.births)}")
    lines.append(f"step 0    slope {number(part.start.slope, '+z.3f')}, {part.start.regime or '-'}")
    lines.append(": ".join(filter(None, [f"now       {now.regime or '-'}", now.regime_reason])))
    lines += [f"          {now.explanation}"] if now.explanation is not None else []
    lines.append(f"horizon   {horizon_words(now)}")
    if now.predictions:
        lines += [f"theory    {_theory(now.predictions)}", f"measured  {_measured(now.predictions)}"]
    if now.weight_horizon is not None:
        lines.append(f"weights   {_weights(now.weight_horizon, now.cancellation)}")
    return lines


def births_words(born: Births) -> str:
    """Mean and sd of the slopes, how many networks they stand on, and the regimes of all networks."""
    counts = ", ".join(f"{n} {regime}" for regime, n in born.regimes.items())
    slopes, every = len(born.slopes), born.n
    networks = f"{slopes} of {every} networks" if slopes != every else f"{every} networks" if every > 1 else "1 network"
    if lost := (born.alive or []).count(False):
        networks += f"; {lost} {'have' if lost > 1 else 'has'} no gradient left"
    elif slopes > every - born.regimes.get("dead", 0):
        networks += "; dead ones among them"  # a record of an earlier version
    if not slopes:
        return f"no slope ({networks}): {counts}"
    mean, sd = number(born.slope_mean, "+z.3f"), number(born.slope_sd, "z.3f")
    return f"slope {mean} nats per lag (sd {sd}, {networks}): {counts}"


def _theory(predicted: Numbers) -> str:
    found = _named(predicted, PREDICTORS) + other_branch(predicted)
    return f"{found} nats per lag; departure from normality {number(predicted.get('departure'), 'z.2f')}"


def _measured(predicted: Numbers) -> str:
    """Along the states that there were: no predictions, for they use the f' and the Jacobians that the slope uses."""
    found = _named(predicted, MEASURED)
    half = predicted.get("exponent_half")  # records of earlier versions have none
    return found + (f" +- {number(half, 'z.3f')}" if half is not None else "") + " nats per lag"


def _named(predicted: Numbers, rates: dict[str, Prediction]) -> str:
    return ", ".join(f"{each.symbol} {number(predicted.get(key), '+z.3f')}" for key, each in rates.items())


def other_branch(predicted: Numbers) -> str:
    """What mean field says of networks that start elsewhere, where that is another number."""
    other = predicted.get("mean_field_other")  # records of earlier versions have none
    finite = other is not None and math.isfinite(other)
    return f" (mean field from other initial states {number(other, '+z.3f')})" if finite else ""


def _weights(lags: Numbers, cancellation: float | None) -> str:
    if (last := lags.get("90%")) is None:
        return "dL/dW_h is 0"
    return (
        f"90 % of a sample's dL/dW_h comes from the last {last + 1} steps; its steps' parts add up to "
        f"{number(cancellation, 'z.2f')} of their lengths"
    )


def horizon_words(then: Moment) -> str:
    """When the gradient has changed by a factor of 100."""
    if then.horizon is not None:
        ways = {"down": "1/100 of", "up": "100 times"}
        way = ways.get(then.horizon_direction or "", "1/100 of, or 100 times,")
        return f"lag {then.horizon}: there the gradient is {way} what it was at lag 0"
    if then.longest_lag is None:
        return "none: there is no gradient to follow"
    far = number(then.horizon_extrapolated, "z.0f")
    return f"beyond lag {then.longest_lag}, the longest with enough samples (extrapolated: lag {far})"


def number(value: float | None, form: str) -> str:
    """In this form, whose "z" keeps "-0.000" away; a dash for None, powers of ten where digits would fill the line."""
    if value is None:
        return "-"
    return format(value, form) if abs(value) < 1e6 else f"{value:.2e}"
