"""The values of a measurement as status.json, checkpoints and W&B keep them."""

import math
from dataclasses import asdict
from operator import attrgetter
from typing import Any

from unrolled.gradients.diagnosis import Diagnosis
from unrolled.record.parts import starts
from unrolled.record.quantities import QUANTITIES, Quantity

from .probe import Measurement

MeasuredValues = dict[str, Any]
PARTS = ("diagnosis", "weights")  # sources that each RNN has of its own


def measured_values(measurement: Measurement, whole: bool = False) -> MeasuredValues:
    """Returns the values of a measurement; those of each RNN under `parts`, in order of time.

    whole: also those that take a Lyapunov exponent.
    """
    parts = {name: _part_values(measurement, name, whole) for name in measurement.diagnoses}
    context = {"bits": measurement.bits, "every_state": measurement.every_state, "starts": starts(measurement.steps)}
    return _values({"measurement": measurement}, whole) | context | {"parts": parts}


def diagnosis_values(diagnosis: Diagnosis) -> MeasuredValues:
    """Returns those `QUANTITIES` that a diagnosis alone has, with the predictions of theory."""
    return _values({"diagnosis": diagnosis}, whole=True) | {"predictions": _predictions(diagnosis)}


def value(quantity: Quantity, measurement: Measurement, part: str) -> Any:
    """Returns the value of a quantity for an RNN; None if there is no such number, or it is not finite."""
    source, _, path = quantity.of.partition(".")
    return _finite(attrgetter(path)(_sources(measurement, part)[source]))


def _sources(measurement: Measurement, part: str) -> dict[str, Any]:
    return {"measurement": measurement, "diagnosis": measurement.diagnoses[part], "weights": measurement.weights[part]}


def _part_values(measurement: Measurement, name: str, whole: bool) -> MeasuredValues:
    sources = _sources(measurement, name)
    kept = _values({key: sources[key] for key in PARTS}, whole)
    kept["weight_horizon"] = {f"{share:.0%}": lag for share, lag in measurement.weights[name].memory.items()}
    return kept | {"predictions": _predictions(measurement.diagnoses[name])} if whole else kept


def _values(sources: dict[str, Any], whole: bool) -> MeasuredValues:
    kept: MeasuredValues = {}
    for each in QUANTITIES:
        source, _, path = each.of.partition(".")
        if source in sources and each.kept and (whole or not each.ends):
            kept[each.key] = _finite(attrgetter(path)(sources[source]))
    return kept


def _predictions(diagnosis: Diagnosis) -> dict[str, float | None]:
    """Returns the predictions by name; None for nan and for ln 0, which JSON cannot hold."""
    exponent = diagnosis.exponent
    columns = (exponent.exponents, exponent.stderr, exponent.half) if exponent else ()
    first = [float(column[0]) for column in columns] or [math.nan] * 3
    names = ("exponent", "exponent_error", "exponent_half")
    predictions = asdict(diagnosis.predictions) | dict(zip(names, first, strict=True))
    return {key: _finite(each) for key, each in predictions.items()}


def _finite(number: Any) -> Any:
    return None if isinstance(number, float) and not math.isfinite(number) else number
