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
    """The first metric of the cells, its baseline, and the references."""
    metric = _metric(swept.cells)
    if metric is None:
        return []
    references = dict.fromkeys(name for cell in swept.cells for name in cell.status.get("references", {}))
    return [metric, f"baseline {metric}", *references]


def _metric(cells: list[Cell]) -> str | None:
    return next((key for cell in cells for key in cell.status.get("baseline", {})), None)


def _row(cell: Cell, scored: list[str]) -> list[str]:
    kept = cell.status
    births = kept.get("births", {})
    scores = [_score(kept, name, scored[0]) for name in scored]
    birth = f"{number(births.get('slope_mean'), '+.3f')} ({number(births.get('slope_sd'), '.3f')})"
    slopes = [birth, number(kept.get("slope_start"), "+.3f"), number(kept.get("slope"), "+.3f")]
    return [cell.name, *scores, *slopes, _horizon(kept), str(kept.get("regime", "-")), cell.state]


def _score(kept: dict[str, Any], name: str, metric: str) -> str:
    if name == metric:
        return number(kept.get("metrics", {}).get(metric), ".3f")
    if name == f"baseline {metric}":
        return number(kept.get("baseline", {}).get(metric), ".3f")
    return number(kept.get("references", {}).get(name, {}).get(metric), ".3f")


def _horizon(kept: dict[str, Any]) -> str:
    if kept.get("horizon") is not None:
        return f"{kept['horizon']} {kept['horizon_direction']}"
    return "-" if kept.get("longest_lag") is None else f"> {kept['longest_lag']}"
