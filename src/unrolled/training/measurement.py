"""What is kept of a look at a network, in plain values: for status.json, checkpoints and W&B."""

import math
from dataclasses import asdict
from typing import Any

from unrolled.gradients.diagnosis import Diagnosis
from unrolled.gradients.weights import WeightGradient

from .probe import Look

Evidence = dict[str, Any]


def evidence(seen: Look, whole: bool = False) -> Evidence:
    """Of every RNN under `parts`, in order of time; `whole`: with the predictions of theory beside each."""
    parts = {name: evidence_of(told, whole) | _of_weights(seen.weights[name]) for name, told in seen.diagnoses.items()}
    return {
        "flushed_to_zero": int(seen.profile.zeros.nansum()),
        "below_float_from": seen.below_float_from,
        "bits": seen.bits,
        "every_state": seen.every_state,
        "seam": seen.seam,
        "parts": parts,
    }


def evidence_of(told: Diagnosis, whole: bool = True) -> Evidence:
    """Slopes in nats per lag, horizons in lags, shares of 1; growth of rounding in nats."""
    kept: Evidence = {
        "regime": told.regime,
        "regime_reason": told.reason,
        "explanation": told.explanation,
        "slope": told.slope,
        "slope_error": told.slope_error,
        "slope_interval": told.slope_half,
        "share_up": told.shares.up,
        "share_down": told.shares.down,
        "zeros": told.zeros,
        "horizon": told.horizon.lag,
        "longest_lag": told.longest_lag,
        "horizon_direction": told.horizon.direction,
        "horizon_extrapolated": told.extrapolated_horizon,
        "slope_by_f": told.by_f,
        "slope_by_W_h": told.by_weights,
        "flat": _number(told.flat),
        "dead": _number(told.dead),
    }
    if not whole:
        return kept
    return kept | {"predictions": _predicted(told), "rounding_growth": told.rounding_growth}


def _of_weights(weights: WeightGradient) -> Evidence:
    return {
        "cancellation": _number(weights.cancellation),
        "weight_horizon": {f"{share:.0%}": lag for share, lag in weights.memory.items()},
    }


def _predicted(told: Diagnosis) -> dict[str, float | None]:
    """ln 0 is no number that JSON knows: it is left null, as nan is."""
    exponent = told.exponent
    columns = (exponent.exponents, exponent.stderr, exponent.half) if exponent else ()
    first = [float(column[0]) for column in columns] or [math.nan] * 3
    names = ("exponent", "exponent_error", "exponent_half")
    found = asdict(told.predictions) | dict(zip(names, first, strict=True))
    return {key: _number(value) for key, value in found.items()}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
