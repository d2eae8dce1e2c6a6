"""The table of cells that page and terminal share: score, baseline, references, slopes, horizon, state."""

from typing import Any

from unrolled.sweeps.results import Cell, Swept
from unrolled.tracking.summary import number


def header(swept: Swept) -> list[str]:
    return [
        "cell",
        *_scored(swept),
        "slope at birth (sd)",
        "slope at step 0",
        "slope now",
        "horizon",
        "regime now",
        "state",
    ]


def rows(swept: Swept) -> list[list[str]]:
    return [_row(cell, _scored(swept)) for cell in swept.cells]


def _scored(swept: Swept) -> list[str]:
    """The score of the cells, its trivial baseline, and the references; where cells differ in it, each says which."""
    if not _names(swept.cells):
        return []
    references = dict.fromkeys(name for cell in swept.cells for name in cell.status.get("references", {}))
    return [", ".join(_names(swept.cells)), BASELINE, *references]


def _names(cells: list[Cell]) -> list[str]:
    return list(dict.fromkeys(cell.status["score"] for cell in cells if "score" in cell.status))


BASELINE = "trivial baseline"


def _row(cell: Cell, scored: list[str]) -> list[str]:
    kept = cell.status
    births = kept.get("births", {})
    scores = [_score(kept, name, i, several=", " in scored[0]) for i, name in enumerate(scored)]
    birth = f"{number(births.get('slope_mean'), '+.3f')} ({number(births.get('slope_sd'), '.3f')})"
    slopes = [birth, number(kept.get("slope_start"), "+.3f"), number(kept.get("slope"), "+.3f")]
    return [
        cell.name,
        *scores,
        *slopes,
        _horizon(kept),
        str(kept.get("regime") or kept.get("regime_reason") or "-"),
        cell.state,
    ]


def _score(kept: dict[str, Any], name: str, column: int, several: bool) -> str:
    score = kept.get("score", "")
    if column == 0:
        value = number(kept.get("metrics", {}).get(score), ".4g")
        return f"{score} {value}" if several else value
    if column == 1:
        return number(kept.get("baseline", {}).get(score), ".4g")
    return number(kept.get("references", {}).get(name, {}).get(score), ".4g")


def _horizon(kept: dict[str, Any]) -> str:
    if kept.get("horizon") is not None:
        return f"{kept['horizon']} {kept['horizon_direction']}"
    return "-" if kept.get("longest_lag") is None else f"> {kept['longest_lag']}"
