"""A sweep as it is on disk: its runs, and `results.csv`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unrolled.config.files import SWEEP_RECORD
from unrolled.config.identity import name_of
from unrolled.errors import UserError

from . import ends, status
from .checked import is_number
from .files import replacing
from .plan import CELLS, LOG, is_planned, read_plan
from .run_record import RunRecord
from .saved import is_readable, saved
from .tables import Table
from .values import distinct

RESULTS = "results.csv"


@dataclass(frozen=True)
class SweptRun:
    """A run of a sweep.

    folder: the run's own.
    axes: swept key -> the run's value.
    record: its status; an empty one if it left none.
    """

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
    """A sweep and its runs.

    folder: the sweep's own.
    name: of the sweep's file or ready setting; without one, the swept keys; behind the file of a user's own data.
    question: what the sweep asks; "" if nothing.
    answer: the quantities that answer it, as in `sweep.answer`; "" if it does not say.
    axes: swept key -> its values, in the order given.
    runs: one per combination of values, in any state.
    damage: a line for each record of the sweep that cannot be read.
    """

    folder: Path
    name: str
    question: str
    axes: dict[str, list[Any]]
    runs: list[SweptRun]
    damage: list[str] = field(default_factory=list)
    answer: str = ""


def read_sweep(folder: Path) -> Swept:
    """Returns the sweep in `folder`, from disk alone. Raises UserError if there is none."""
    record = folder / SWEEP_RECORD
    if not record.is_file():
        raise UserError(f"{folder} holds no sweep: {SWEEP_RECORD} is missing")
    planned = read_plan(folder)
    runs = [SweptRun(path := folder / str(run.number), run.axes, _record(path)) for run in planned]
    axes = {key: distinct(run.axes.get(key) for run in planned) for key in planned[0].axes} if planned else {}
    name = str(saved(record, "hydra.job.config_name", "train"))
    if name == "train":  # not a sweep's own file: a ready setting, or axes on the command line
        setting = saved(record, "hydra.runtime.choices.experiment", "none")
        name = ", ".join(axes) if setting == "none" else str(setting)
    file = str(saved(record, "task.file", ""))
    if file and not {"task", "task.file"} & set(axes):  # as written: an environment variable is not resolved
        name = f"{Path(file).name}: {name}"
    question, answer = (str(saved(record, f"sweep.{key}", "")) for key in ("question", "answer"))
    return Swept(folder, name, question, axes, runs, _damage(folder), answer)


def _record(folder: Path) -> RunRecord:
    """Returns the record of a run; with no state but an error if its file cannot be read."""
    record = ends.read(folder)
    unreadable = not record.kept and status.unreadable(folder)
    return RunRecord.from_dict({"error": f"{status.FILE} cannot be read"}) if unreadable else record


def _damage(folder: Path) -> list[str]:
    lines = {
        CELLS: "the runs are those that have records",
        SWEEP_RECORD: "the sweep's question and command are missing",
    }
    whole = {CELLS: is_planned(folder), SWEEP_RECORD: is_readable(folder / SWEEP_RECORD)}
    of_runs = [path.parent.name for path in sorted(folder.glob(f"*/{status.FILE}")) if status.unreadable(path.parent)]
    found = [f"{folder / name} cannot be read: {line}" for name, line in lines.items() if not whole[name]]
    if of_runs:
        found.append(f"{status.FILE} cannot be read in {', '.join(of_runs)}: such a run counts as missing")
    return found


def columns(swept: Swept) -> list[str]:
    """Returns the header of results.csv: no times, ids or paths, so that equal sweeps have equal files."""
    records = [run.record for run in swept.runs]
    metrics = sorted({key for each in records for key in each.metrics})
    train = sorted({f"train/{key}" for each in records for key in each.train})
    baselines = sorted({f"baseline/{key}" for each in records for key in each.baseline})
    births = ["births", "births_slopes", "births_slope_mean", "births_slope_sd", "births_regimes"]
    learning = ["updates", "solved_at", "roughness", *metrics, *train, *baselines]
    return [*swept.axes, "state", *RunRecord().compared(), *births, *learning, "error"]


def row(run: SweptRun) -> dict[str, Any]:
    """Returns the values of a run's line in results.csv, by column."""
    record, initial = run.record, run.record.births
    values = {**run.axes, "state": run.state, "error": record.error, **record.compared()}
    if initial is not None:
        values |= {"births": initial.n, "births_slopes": len(initial.slopes)}
        values |= {"births_slope_mean": initial.slope_mean, "births_slope_sd": initial.slope_sd}
        values["births_regimes"] = " ".join(f"{n}:{label}" for label, n in initial.regimes.items())
    values |= {"updates": record.steps, "roughness": record.roughness, **record.metrics}
    values["solved_at"] = record.solved.at if record.solved else None
    values |= {f"train/{key}": value for key, value in record.train.items()}
    return values | {f"baseline/{key}": value for key, value in record.baseline.items()}


def write_results(swept: Swept) -> Path:
    """Writes results.csv, sorted by axes, and returns its path."""
    with replacing(swept.folder / RESULTS) as draft:  # a page can be made while the sweep's own end makes another
        table = Table(draft, columns(swept))
        for run in sorted(swept.runs, key=by_axes):
            table.write(row(run))
    return swept.folder / RESULTS


def by_axes(run: SweptRun) -> list[tuple[bool, float, str]]:
    """Returns the key that sorts runs by their axes' values, numbers before words."""
    return [(False, float(value), "") if is_number(value) else (True, 0.0, str(value)) for value in run.axes.values()]


def failures(swept: Swept) -> list[str]:
    """Returns a line for each run without a result: its number, name, state and error, and the path of its log."""
    lines = []
    for run in swept.runs:
        if not run.record.has_result:
            error, log = run.record.error or "no record of why", run.folder / LOG
            lines.append(f"run {run.folder.name} ({run.name}) {run.state}: {error}; log: {log}")
    return lines
