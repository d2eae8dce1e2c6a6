"""What is kept of a look at a network, in plain values: for status.json, checkpoints and W&B."""

import math
from dataclasses import asdict
from operator import attrgetter
from typing import Any

from unrolled.gradients.diagnosis import Diagnosis
from unrolled.record.parts import starts
from unrolled.record.quantities import QUANTITIES, Quantity

from .probe import Look

Evidence = dict[str, Any]
PARTS = ("diagnosis", "weights")  # what each RNN has of its own


def evidence(look: Look, whole: bool = False) -> Evidence:
    """Of every RNN under `parts`, in order of time; `whole`: with what takes a Lyapunov exponent."""
    parts = {name: _of_part(look, name, whole) for name in look.diagnoses}
    context = {"bits": look.bits, "every_state": look.every_state, "starts": starts(look.steps), "parts": parts}
    return _values({"look": look}, whole) | context


def evidence_of(found: Diagnosis) -> Evidence:
    """Of a diagnosis alone, by `QUANTITIES`, with the predictions of theory."""
    return _values({"diagnosis": found}, whole=True) | {"predictions": _predicted(found)}


def value(quantity: Quantity, look: Look, part: str) -> Any:
    """Returns what is measured of an RNN; None where there is no such number, or it is not finite."""
    source, _, path = quantity.of.partition(".")
    return _finite(attrgetter(path)(_sources(look, part)[source]))


def _sources(look: Look, part: str) -> dict[str, Any]:
    return {"look": look, "diagnosis": look.diagnoses[part], "weights": look.weights[part]}


def _of_part(look: Look, name: str, whole: bool) -> Evidence:
    sources = _sources(look, name)
    kept = _values({key: sources[key] for key in PARTS}, whole)
    kept["weight_horizon"] = {f"{share:.0%}": lag for share, lag in look.weights[name].memory.items()}
    return kept | {"predictions": _predicted(look.diagnoses[name])} if whole else kept


def _values(sources: dict[str, Any], whole: bool) -> Evidence:
    kept: Evidence = {}
    for each in QUANTITIES:
        source, _, path = each.of.partition(".")
        if source in sources and each.kept and (whole or not each.ends):
            kept[each.key] = _finite(attrgetter(path)(sources[source]))
    return kept


def _predicted(found: Diagnosis) -> dict[str, float | None]:
    """ln 0 is no number that JSON knows: it is left null, as nan is."""
    exponent = found.exponent
    columns = (exponent.exponents, exponent.stderr, exponent.half) if exponent else ()
    first = [float(column[0]) for column in columns] or [math.nan] * 3
    names = ("exponent", "exponent_error", "exponent_half")
    predicted = asdict(found.predictions) | dict(zip(names, first, strict=True))
    return {key: _finite(each) for key, each in predicted.items()}


def _finite(found: Any) -> Any:
    return None if isinstance(found, float) and not math.isfinite(found) else found
