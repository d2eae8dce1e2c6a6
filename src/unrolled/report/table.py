"""The table of cells that page and terminal share: score, baseline, references, slopes, horizon, state."""

from dataclasses import dataclass
from typing import Any

from unrolled.record.results import Cell, Swept, by_axes
from unrolled.record.words import number

BASELINE = "trivial baseline"


@dataclass(frozen=True)
class Entry:
    """What is shown, and what it is sorted by: None comes last."""

    text: str
    order: float | str | None


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


def rows(swept: Swept) -> list[list[Entry]]:
    """One for each cell, in the order of the cells; the first column is sorted by the axes, as results.csv is."""
    ranks = {cell.folder: rank for rank, cell in enumerate(sorted(swept.cells, key=by_axes))}
    scored = _scored(swept)
    return [[Entry(cell.name, ranks[cell.folder]), *_row(cell, scored)] for cell in swept.cells]


def _scored(swept: Swept) -> list[str]:
    """The score of the cells, its trivial baseline, and the references; where cells differ in it, each says which."""
    if not _names(swept.cells):
        return []
    return [", ".join(_names(swept.cells)), BASELINE, *references(swept)]


def references(swept: Swept) -> list[str]:
    """What else the scores stand beside."""
    return list(dict.fromkeys(name for cell in swept.cells for name in cell.status.get("references", {})))


def _names(cells: list[Cell]) -> list[str]:
    return list(dict.fromkeys(cell.status["score"] for cell in cells if "score" in cell.status))


def _row(cell: Cell, scored: list[str]) -> list[Entry]:
    kept = cell.status
    regime = kept.get("regime") or kept.get("regime_reason")
    return [
        *(_score(kept, name, i, several=", " in scored[0]) for i, name in enumerate(scored)),
        _born(kept.get("births", {})),
        *(Entry(number(kept.get(key), "+z.3f"), kept.get(key)) for key in ("slope_start", "slope")),
        _horizon(kept),
        Entry(str(regime or "-"), regime),
        Entry(cell.state, cell.state),
    ]


def _score(kept: dict[str, Any], name: str, column: int, several: bool) -> Entry:
    score = kept.get("score", "")
    known = {0: kept.get("metrics", {}), 1: kept.get("baseline", {})}
    value = known.get(column, kept.get("references", {}).get(name, {})).get(score)
    prefix = f"{score} " if several and column == 0 else ""
    return Entry(prefix + number(value, "z.4g"), value)


def _born(births: dict[str, Any]) -> Entry:
    """Mean, sd, and how many of the networks have a slope where that is not all of them."""
    mean, spread = (number(births.get(key), form) for key, form in (("slope_mean", "+z.3f"), ("slope_sd", "z.3f")))
    slopes, every = len(births.get("slopes", [])), births.get("n", 0)
    behind = f", {slopes} of {every}" if slopes != every else ""
    return Entry(f"{mean} ({spread}{behind})", births.get("slope_mean"))


def _horizon(kept: dict[str, Any]) -> Entry:
    if kept.get("horizon") is not None:
        return Entry(f"{kept['horizon']} {kept.get('horizon_direction', '')}".rstrip(), kept["horizon"])
    longest = kept.get("longest_lag")
    return Entry("-", None) if longest is None else Entry(f"> {longest}", longest + 1)
