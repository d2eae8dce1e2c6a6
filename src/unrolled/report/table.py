"""The table of a sweep's runs that page and terminal share: scores, slopes, horizon, reach, state."""

from dataclasses import dataclass

from unrolled.record.moments import Moment
from unrolled.record.quantities import QUANTITIES, Quantity
from unrolled.record.reach import needed, reaches
from unrolled.record.results import Swept, SweptRun, by_axes
from unrolled.record.run_record import Births, RunRecord
from unrolled.record.words import number

BASELINE = "trivial baseline"
REACH = "reach"
INITIAL_SLOPE = "initial slope (sd)"
NUMBERS = [each for each in QUANTITIES if each.heads and not each.word]
WORDS = [each for each in QUANTITIES if each.heads and each.word]


@dataclass(frozen=True)
class TableCell:
    """A cell of the table.

    text: what is shown.
    order: the value that it is sorted by; None comes last.
    """

    text: str
    order: float | str | None


def header(swept: Swept) -> list[str]:
    """Returns the names of the columns."""
    heads = [head for each in (*NUMBERS, *WORDS) for head in each.heads]
    return ["run", *_scored(swept), INITIAL_SLOPE, *heads, *([REACH] if _needed(swept) else []), "state"]


def rows(swept: Swept) -> list[list[TableCell]]:
    """Returns a row per run, in the order of the runs; the first column sorts by the axes, like results.csv."""
    ranks = {run.folder: rank for rank, run in enumerate(sorted(swept.runs, key=by_axes))}
    scored, needs = _scored(swept), _needed(swept)
    return [[TableCell(run.name, ranks[run.folder]), *_row(run, scored, needs)] for run in swept.runs]


def _scored(swept: Swept) -> list[str]:
    """Returns the columns of deciding score, trivial baseline and references; empty if no run has a score."""
    if not _names(swept.runs):
        return []
    return [", ".join(_names(swept.runs)), BASELINE, *references(swept)]


def references(swept: Swept) -> list[str]:
    """Returns the names of the references that any run is compared with."""
    return list(dict.fromkeys(name for run in swept.runs for name in run.record.references))


def _names(runs: list[SweptRun]) -> list[str]:
    return list(dict.fromkeys(run.record.score for run in runs if run.record.score is not None))


def _needed(swept: Swept) -> bool:
    """Whether the data of any run are known to need a lag."""
    return any(needed(run.record) for run in swept.runs)


def _row(run: SweptRun, scored: list[str], needs: bool) -> list[TableCell]:
    record = run.record
    return [
        *(_score(record, name, i, several=", " in scored[0]) for i, name in enumerate(scored)),
        _initial_slope(record.births),
        *(entry for each in (*NUMBERS, *WORDS) for entry in _of_quantity(record, each)),
        *([_reach(record)] if needs else []),
        TableCell(run.state, run.state),
    ]


def _of_quantity(record: RunRecord, quantity: Quantity) -> list[TableCell]:
    """Returns the table cells of a quantity, one for each of its columns."""
    if quantity.key in _SPECIAL:
        return [_SPECIAL[quantity.key](record.end)]
    values = [then.values.get(quantity.key) for then in (record.start, record.end)[-len(quantity.heads) :]]
    if quantity.word:
        return [TableCell(str(value or "-"), value) for value in values]
    return [TableCell(number(value, quantity.form), value) for value in values]


def _score(record: RunRecord, name: str, column: int, several: bool) -> TableCell:
    known = {0: record.metrics, 1: record.baseline}
    value = known.get(column, record.references.get(name, {})).get(record.score or "")
    prefix = f"{record.score or ''} " if several and column == 0 else ""
    return TableCell(prefix + number(value, "z.4g"), value)


def _initial_slope(births: Births | None) -> TableCell:
    """Returns mean and sd of the slopes at initialisation, with the number of slopes if some networks have none."""
    if births is None:
        return TableCell("- (-)", None)
    slopes, every = len(births.slopes), births.n
    behind = f", {slopes} of {every}" if slopes != every else ""
    mean, sd = number(births.slope_mean, "+z.3f"), number(births.slope_sd, "z.3f")
    return TableCell(f"{mean} ({sd}{behind})", births.slope_mean)


def horizon_entry(now: Moment) -> TableCell:
    """Returns "11 down", or "> 30" where the gradient has not changed a hundredfold."""
    if now.horizon is not None:
        return TableCell(f"{now.horizon} {now.horizon_direction or ''}".rstrip(), now.horizon)
    return TableCell("-", None) if now.longest_lag is None else TableCell(f"> {now.longest_lag}", now.longest_lag + 1)


def _reach(record: RunRecord) -> TableCell:
    """Returns "within 10" or "beyond 10", for the lag of the first need and the trained network."""
    needs = [] if record.halves else needed(record)
    if not needs:
        return TableCell("-", None)
    word = {True: "within", False: "beyond", None: "unknown"}[reaches(needs[0], record.end)]
    return TableCell(f"{word} {needs[0].lag:g}", f"{word} {needs[0].lag:z012.1f}")


def _regime(now: Moment) -> TableCell:
    regime = now.regime or now.regime_reason
    return TableCell(regime or "-", regime)


_SPECIAL = {"horizon": horizon_entry, "regime": _regime}  # quantities that show more than their number
