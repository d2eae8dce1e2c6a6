"""A run's record as a page can rely on it: what is null or of another type than it should be counts as missing.

A record can be of an earlier version, of a run that ended early, or cut short by a full disk.
"""

import math
from collections.abc import Callable
from typing import Any

from .earlier import OLDER
from .quantities import MOMENTS, QUANTITIES
from .status import STATES

Check = Callable[[Any], bool]


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


TEXTS = ("error", "name", "score", "baseline_name", "births_fingerprint", "remark", "coverage")
NUMBERS = ("steps", "duration_s", "seconds_per_update", "roughness", "seam", "bits", "numbers", OLDER)
FLAGS = ("larger_is_better", "every_state")
TABLES = ("metrics", "train", "baseline", *MOMENTS, "weight_horizon")
CHECKS: dict[str, Check] = {
    **dict.fromkeys(TEXTS, _is_text),
    **dict.fromkeys(NUMBERS, is_number),
    **dict.fromkeys(FLAGS, _is_flag),
    **{key: _is_text if each.word else is_number for each in QUANTITIES for key in (each.key, f"{each.key}_start")},
    "state": lambda value: value in STATES,
    "resumed": lambda value: isinstance(value, dict) and value.get("state") in STATES,
}


def readable(status: Any) -> dict[str, Any]:
    """Returns the record without what cannot be read; a table of numbers keeps its keys, null where one is missing."""
    if not isinstance(status, dict):
        return {}
    kept = {
        key: value for key, value in status.items() if value is not None and (key not in CHECKS or CHECKS[key](value))
    }
    for key in TABLES:
        if key in kept:
            _replace(kept, key, _numbers(kept[key]))
    if "references" in kept:
        found = kept["references"] if isinstance(kept["references"], dict) else {}
        kept["references"] = {name: scores for name, each in found.items() if (scores := _numbers(each)) is not None}
    for key, read in (("births", _births), ("solved", _solved), ("wandb", _wandb), ("start", readable)):
        if key in kept:
            _replace(kept, key, read(kept[key]))
    if "halves" in kept:
        found = kept["halves"] if isinstance(kept["halves"], dict) else {}
        _replace(kept, "halves", {name: readable(half) for name, half in found.items()} or None)
    return kept


def _replace(kept: dict[str, Any], key: str, value: Any) -> None:
    if value is None:
        del kept[key]
    else:
        kept[key] = value


def _numbers(table: Any) -> dict[str, float | None] | None:
    if not isinstance(table, dict):
        return None
    return {key: value if is_number(value) else None for key, value in table.items()}


def _births(born: Any) -> dict[str, Any] | None:
    """With all of its fields; the count is that of the networks which have a regime."""
    if not isinstance(born, dict):
        return None
    regimes, slopes, alive = (born.get(key) for key in ("regimes", "slopes", "alive"))
    counted = {key: n for key, n in regimes.items() if is_number(n) and n > 0} if isinstance(regimes, dict) else {}
    kept = {
        "n": sum(counted.values()),
        "regimes": counted,
        "slopes": [slope for slope in slopes if is_number(slope)] if isinstance(slopes, list) else [],
        **{key: born[key] if is_number(born.get(key)) else None for key in ("slope_mean", "slope_sd")},
    }
    return kept | ({"alive": [value is True for value in alive]} if isinstance(alive, list) else {})


def _solved(solved: Any) -> dict[str, Any] | None:
    if not isinstance(solved, dict) or not is_number(solved.get("value")) or not _is_text(solved.get("score")):
        return None
    return solved | {"at": solved["at"] if is_number(solved.get("at")) else None}


def _wandb(place: Any) -> dict[str, Any] | None:
    return place if isinstance(place, dict) and _is_text(place.get("folder")) else None
