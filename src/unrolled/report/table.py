"""The table of cells that page and terminal share: score, baseline, references, slopes, horizon, state."""

from dataclasses import dataclass

from unrolled.record.moments import Moment
from unrolled.record.quantities import QUANTITIES, Quantity
from unrolled.record.results import Cell, Swept, by_axes
from unrolled.record.run_record import Births, RunRecord
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
    return list(dict.fromkeys(name for cell in swept.cells for name in cell.record.references))


def _names(cells: list[Cell]) -> list[str]:
    return list(dict.fromkeys(cell.record.score for cell in cells if cell.record.score is not None))


def _row(cell: Cell, scored: list[str]) -> list[Entry]:
    record = cell.record
    return [
        *(_score(record, name, i, several=", " in scored[0]) for i, name in enumerate(scored)),
        _born(record.births),
        *(entry for each in (*NUMBERS, *WORDS) for entry in _entries(record, each)),
        Entry(cell.state, cell.state),
    ]


def _entries(record: RunRecord, quantity: Quantity) -> list[Entry]:
    """As many as it has heads."""
    if quantity.key in _OWN:
        return [_OWN[quantity.key](record.end)]
    values = [then.values.get(quantity.key) for then in (record.start, record.end)[-len(quantity.heads) :]]
    if quantity.word:
        return [Entry(str(value or "-"), value) for value in values]
    return [Entry(number(value, quantity.form), value) for value in values]


def _score(record: RunRecord, name: str, column: int, several: bool) -> Entry:
    known = {0: record.metrics, 1: record.baseline}
    value = known.get(column, record.references.get(name, {})).get(record.score or "")
    prefix = f"{record.score or ''} " if several and column == 0 else ""
    return Entry(prefix + number(value, "z.4g"), value)


def _born(births: Births | None) -> Entry:
    """Mean, sd, and how many of the networks have a slope where that is not all of them."""
    if births is None:
        return Entry("- (-)", None)
    slopes, every = len(births.slopes), births.n
    behind = f", {slopes} of {every}" if slopes != every else ""
    mean, spread = number(births.slope_mean, "+z.3f"), number(births.slope_sd, "z.3f")
    return Entry(f"{mean} ({spread}{behind})", births.slope_mean)


def _horizon(now: Moment) -> Entry:
    if now.horizon is not None:
        return Entry(f"{now.horizon} {now.horizon_direction or ''}".rstrip(), now.horizon)
    return Entry("-", None) if now.longest_lag is None else Entry(f"> {now.longest_lag}", now.longest_lag + 1)


def _regime(now: Moment) -> Entry:
    regime = now.regime or now.regime_reason
    return Entry(regime or "-", regime)


_OWN = {"horizon": _horizon, "regime": _regime}  # those that are more than their number
