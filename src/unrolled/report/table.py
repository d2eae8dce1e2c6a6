"""The table of cells that page and terminal share: score, baseline, references, slopes, horizon, state."""

from dataclasses import dataclass
from typing import Any

from unrolled.record.quantities import QUANTITIES, Quantity
from unrolled.record.results import Cell, Swept, by_axes
from unrolled.record.words import number

BASELINE = "trivial baseline"
BORN = "slope at birth (sd)"
NUMBERS = [each for each in QUANTITIES if each.heads and not each.word]
WORDS = [each for each in QUANTITIES if each.heads and each.word]


@dataclass(frozen=True)
class Entry:
    """What is shown, and what it is sorted by: None comes last."""

    text: str
    order: float | str | None


def header(swept: Swept) -> list[str]:
    heads = [head for each in (*NUMBERS, *WORDS) for head in each.heads]
    return ["cell", *_scored(swept), BORN, *heads, "state"]


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
    return [
        *(_score(kept, name, i, several=", " in scored[0]) for i, name in enumerate(scored)),
        _born(kept.get("births", {})),
        *(entry for each in (*NUMBERS, *WORDS) for entry in _entries(kept, each)),
        Entry(cell.state, cell.state),
    ]


def _entries(kept: dict[str, Any], quantity: Quantity) -> list[Entry]:
    """As many as it has heads."""
    if quantity.key in _OWN:
        return [_OWN[quantity.key](kept)]
    keys = [f"{quantity.key}_start", quantity.key][-len(quantity.heads) :]
    if quantity.word:
        return [Entry(str(kept.get(key) or "-"), kept.get(key)) for key in keys]
    return [Entry(number(kept.get(key), quantity.form), kept.get(key)) for key in keys]


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


def _regime(kept: dict[str, Any]) -> Entry:
    regime = kept.get("regime") or kept.get("regime_reason")
    return Entry(str(regime or "-"), regime)


_OWN = {"horizon": _horizon, "regime": _regime}  # those that are more than their number
