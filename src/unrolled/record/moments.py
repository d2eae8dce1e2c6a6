"""A run's gradients at one moment of its training, step 0 or the end: one type, so that the two are never mixed."""

from dataclasses import dataclass
from typing import Any, Literal

When = Literal["start", "end"]


@dataclass(frozen=True)
class Moment:
    """What a record says of one moment; None: it does not say it. slope in nats per lag.

    flat, dead: shares of the units, of all samples and time steps, with |f'| < gamma/10 and f' = 0. predictions: of
    the slope, by name.
    """

    regime: str | None
    slope: float | None
    flat: float | None
    dead: float | None
    by_f: float | None
    by_weights: float | None
    predictions: dict[str, float | None]


def moment(status: dict[str, Any], when: When) -> Moment:
    """Returns that moment of a record as `readable` gives it.

    The keys of a record stand for the end of training; step 0 has a table of its own, `start`. A record of an earlier
    version has three keys alone of step 0, and no causes.
    """
    if when == "end":
        return _moment(status)
    kept = {key: status.get(f"{key}_start") for key in ("regime", "slope", "predictions")}
    return _moment({**kept, **status.get("start", {})})


def _moment(kept: dict[str, Any]) -> Moment:
    return Moment(
        kept.get("regime"),
        kept.get("slope"),
        kept.get("flat"),
        kept.get("dead"),
        kept.get("slope_by_f"),
        kept.get("slope_by_W_h"),
        kept.get("predictions") or {},
    )
