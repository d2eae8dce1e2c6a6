"""Describes a record in sentences, for the terminal and the pages."""

import math
from statistics import fmean, stdev

from unrolled.digits import counted, interval, number

from .checked import Numbers
from .moments import Moment
from .quantities import DEPARTURE, MEASURED, PREDICTORS, Prediction
from .run_record import Births, Part, RunRecord

FEWEST = 3  # slopes: an interval of two says nothing
SIGNIFICANT = {32: 24, 64: 53}  # bits of a float -> binary digits of its significand


def gradient_lines(record: RunRecord) -> list[str]:
    """Returns regime, cause, horizon and theory of a run, a line each; [] if no probe was taken."""
    if record.end.regime is None:
        return []
    lines = []
    for name, part in record.parts.items():
        lines += ([f"{name}:"] if name else []) + _of_part(part, record)
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
    """Returns a sentence if rounding makes the gradient profile irreproducible; None if it does not.

    growth: of an error of the state over the sequence, in nats; None: it does not grow.
    bits: of training's numbers, 32 or 64.
    """
    digits = SIGNIFICANT.get(bits)
    if growth is None or digits is None or growth <= digits * math.log(2):
        return None
    return (
        f"the float{bits} profile cannot be reproduced: Lyapunov exponent x T = {number(growth, 'z.1f')} nats, and "
        f"from {digits * math.log(2):z.1f} on a rounding error of 2^-{digits} is as large as the state"
    )


def _of_part(part: Part, record: RunRecord) -> list[str]:
    lines, now = [], part.end
    if part.births is not None and part.births.n:
        lines.append(f"initial   {births_words(part.births)}")
    lines.append(f"update 0  slope {number(part.start.slope, '+z.3f')}, {part.start.regime or '-'}")
    lines.append(": ".join(filter(None, [f"now       {now.regime or '-'}", now.regime_reason])))
    lines += [f"          {now.explanation}"] if now.explanation is not None else []
    if now.regime == "undecided" and part.births is not None and (known := _known(part.births)):
        lines.append(f"known     {known}")
    lines.append(f"horizon   {horizon_words(now)}")
    if now.predictions:
        lines += theory_lines(now.predictions)
        lines.append(f"measured  {_measured(now.predictions)}")
    if now.weight_horizon is not None:
        lines.append(f"weights   {_weights(now, now.weight_horizon, record)}")
    return lines


def births_words(born: Births) -> str:
    """Returns mean and sd of the slopes at initialisation, the number of networks behind them, and all regimes."""
    counts = ", ".join(f"{n} {regime}" for regime, n in born.regimes.items())
    slopes, every = len(born.slopes), born.n
    networks = f"{slopes} of {every} networks" if slopes != every else counted(every, "networks")
    if lost := (born.alive or []).count(False):
        networks += f"; {lost} {'have' if lost > 1 else 'has'} no gradient left"
    elif slopes > every - born.regimes.get("dead", 0):
        networks += "; dead ones among them"  # a record of an earlier version
    if not slopes:
        return f"no slope ({networks}): {counts}"
    mean, sd = number(born.slope_mean, "+z.3f"), number(born.slope_sd, "z.3f")
    return f"slope {mean} nats per lag (sd {sd}, {networks}): {counts}"


def _known(born: Births) -> str | None:
    """Returns the mean slope at initialisation with its 95 % interval (Student's t); None for fewer than FEWEST."""
    n = len(born.slopes)
    if n < FEWEST:
        return None
    from scipy.special import stdtrit  # not needed for most records

    half = float(stdtrit(n - 1, 0.975)) * stdev(born.slopes) / math.sqrt(n)
    mean = interval(fmean(born.slopes), half)
    return f"before training the slope is {mean} nats per lag, the mean of {n} networks (95 % interval)"


def theory_lines(predicted: Numbers) -> list[str]:
    """Returns the line with the rates that theory predicts; [] if it predicts none, as for a layer with gates."""
    if all(each is None or math.isnan(each) for each in (predicted.get(key) for key in (*PREDICTORS, DEPARTURE))):
        return []
    found = _named(predicted, PREDICTORS) + other_branch(predicted)
    return [f"theory    {found} nats per lag; departure from normality {number(predicted.get(DEPARTURE), 'z.2f')}"]


def _measured(predicted: Numbers) -> str:
    """Returns the rates measured along the states. They use the f' and Jacobians of the slope: no predictions of it."""
    known = {key: each for key, each in MEASURED.items() if predicted.get(key) is not None}
    found = _named(predicted, known or MEASURED)  # a short sequence has no Lyapunov exponent
    half = predicted.get("exponent_half")  # records of earlier versions have none
    return found + (f" +- {number(half, 'z.3f')}" if half is not None else "") + " nats per lag"


def _named(predicted: Numbers, rates: dict[str, Prediction]) -> str:
    return ", ".join(f"{each.symbol} {number(predicted.get(key), '+z.3f')}" for key, each in rates.items())


def other_branch(predicted: Numbers) -> str:
    """Returns mean field's rate from other initial states, in parentheses; "" if it is the same."""
    other = predicted.get("mean_field_other")  # records of earlier versions have none
    finite = other is not None and math.isfinite(other)
    return f" (mean field from other initial states {number(other, '+z.3f')})" if finite else ""


def _weights(now: Moment, lags: Numbers, record: RunRecord) -> str:
    if (last := lags.get("90%")) is None:
        overflown = record.state == "diverged" and not now.flushed_to_zero
        return f"dL/dW_h is not finite in float{record.bits or 32}" if overflown else "dL/dW_h is 0"
    return (
        f"90 % of a sample's dL/dW_h comes from the last {counted(int(last) + 1, 'time steps')}; the vectors that the "
        f"steps add cancel in part: the length of their sum is {number(now.cancellation, 'z.2f')} of the sum of lengths"
    )


def horizon_words(then: Moment) -> str:
    """Returns the lag at which the gradient has changed by a factor of 100, as a clause."""
    if then.horizon is not None:
        ways = {"down": "at most 1/100 of", "up": "at least 100 times"}
        way = ways.get(then.horizon_direction or "", "at most 1/100 of, or at least 100 times,")
        return f"lag {then.horizon}: there the gradient is {way} what it was at lag 0"
    if then.longest_lag is None:
        return "none: there is no gradient to follow"
    far = number(then.horizon_extrapolated, "z.0f")
    return f"beyond lag {then.longest_lag}, the longest with enough samples (extrapolated: lag {far})"
