"""A sweep as its folder tells it: its cells, and `results.csv`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from unrolled.config.files import SWEEP_RECORD
from unrolled.config.identity import name_of
from unrolled.errors import UserError

from . import ends, status
from .checked import is_number
from .plan import read_plan
from .run_record import RunRecord
from .tables import Table
from .values import distinct

RESULTS = "results.csv"


@dataclass(frozen=True)
class Cell:
    """One run of a sweep. record: what it left; state "missing" where it left nothing."""

    folder: Path
    axes: dict[str, Any]
    record: RunRecord

    @property
    def state(self) -> str:
        return self.record.state or "missing"

    @property
    def name(self) -> str:
        return name_of(self.axes)


@dataclass(frozen=True)
class Swept:
    """axes: swept key -> its values, in the order given. cells: one per combination, whatever became of it."""

    folder: Path
    name: str
    question: str
    axes: dict[str, list[Any]]
    cells: list[Cell]


def read_sweep(folder: Path) -> Swept:
    """The sweep in `folder`, from disk alone. Raises UserError where there is none."""
    record = folder / SWEEP_RECORD
    if not record.is_file():
        raise UserError(f"{folder} holds no sweep: {SWEEP_RECORD} is missing")
    config = OmegaConf.load(record)
    planned = read_plan(folder)
    cells = [Cell(path := folder / str(cell.number), cell.axes, _left(path)) for cell in planned]
    axes = {key: distinct(cell.axes.get(key) for cell in planned) for key in planned[0].axes} if planned else {}
    name = str(config.hydra.job.config_name)
    if name == "train":  # not a sweep's own file: a ready setting, or axes on the command line
        setting = config.hydra.runtime.choices.get("experiment")
        name = ", ".join(axes) if setting in (None, "none") else str(setting)
    return Swept(folder, name, str(config.sweep.question), axes, cells)


def _left(cell: Path) -> RunRecord:
    """A record that cannot be read is a missing one."""
    left = ends.read(cell)
    unreadable = not left.kept and status.unreadable(cell)
    return RunRecord.from_dict({"error": f"{status.FILE} cannot be read"}) if unreadable else left


def columns(swept: Swept) -> list[str]:
    """The header of results.csv: no times, ids or paths, so that equal sweeps have equal files."""
    records = [cell.record for cell in swept.cells]
    metrics = sorted({key for each in records for key in each.metrics})
    train = sorted({f"train/{key}" for each in records for key in each.train})
    baselines = sorted({f"baseline/{key}" for each in records for key in each.baseline})
    births = ["births", "births_slopes", "births_slope_mean", "births_slope_sd", "births_regimes"]
    learning = ["updates", "solved_at", "roughness", *metrics, *train, *baselines]
    return [*swept.axes, "state", *RunRecord().compared(), *births, *learning, "error"]


def row(cell: Cell) -> dict[str, Any]:
    """A cell's line in results.csv."""
    record, born = cell.record, cell.record.births
    values = {**cell.axes, "state": cell.state, "error": record.error, **record.compared()}
    if born is not None:
        values |= {"births": born.n, "births_slopes": len(born.slopes)}
        values |= {"births_slope_mean": born.slope_mean, "births_slope_sd": born.slope_sd}
        values["births_regimes"] = " ".join(f"{n}:{label}" for label, n in born.regimes.items())
    values |= {"updates": record.steps, "roughness": record.roughness, **record.metrics}
    values["solved_at"] = record.solved.at if record.solved else None
    values |= {f"train/{key}": value for key, value in record.train.items()}
    return values | {f"baseline/{key}": value for key, value in record.baseline.items()}


def write_results(swept: Swept) -> Path:
    table = Table(swept.folder / RESULTS, columns(swept))
    for cell in sorted(swept.cells, key=by_axes):
        table.write(row(cell))
    return table.path


def by_axes(cell: Cell) -> list[tuple[bool, float, str]]:
    """Numbers before words, each in their own order."""
    return [(False, float(value), "") if is_number(value) else (True, 0.0, str(value)) for value in cell.axes.values()]


def failures(swept: Swept) -> list[str]:
    """One line for each cell without a result, with where to look."""
    lines = []
    for cell in swept.cells:
        if not cell.record.has_result:
            why, log = cell.record.error or "no word", cell.folder / "cell.log"
            lines.append(f"cell {cell.folder.name} ({cell.name}) {cell.state}: {why}; log: {log}")
    return lines
