"""The `grid` sweeper: validates all combinations of the axes before the first starts, collects on every exit."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf, open_dict
from rich.console import Console

from unrolled.config.axes import Axis, read_axes
from unrolled.config.files import SWEEP_RECORD
from unrolled.config.fingerprint import fingerprint
from unrolled.config.identity import name_of
from unrolled.config.schema import Config, plain
from unrolled.config.validate import typed, values_of
from unrolled.errors import UserError
from unrolled.processes.logs import log
from unrolled.processes.ranks import check_ranks, world_of
from unrolled.processes.signals import exposed, shielded
from unrolled.record import earlier, ownership
from unrolled.record.files import replacing
from unrolled.record.lock import exclusive
from unrolled.record.plan import Planned, read_plan, write_plan
from unrolled.record.saved import is_readable
from unrolled.run.checks import check_host, without_hydra
from unrolled.run.overrides import as_names
from unrolled.run.where import located

from .compose import Combination, combinations
from .plan import Trial, assign, check_data, clear, equal_runs, runnable, unfinished

MANY = 1000  # runs
LISTED = 40  # values of an axis


def sweep(sweeper: Any, arguments: list[str]) -> Any:
    """Executes the runs that have no result yet: all of them, unless `sweep.resume` names an earlier sweep's folder.

    sweeper: the plugin, with what Hydra gave it.
    arguments: the overrides of the command line.
    Returns what the launcher returns, None with `sweep.dry_run`.
    Raises UserError for axes or values that are not valid, before anything starts. If runs have failed, prints a line
    for each and ends the process with exit code 1.
    """
    loader, config = sweeper.hydra_context.config_loader, sweeper.config
    parser = OverridesParser.create(config_loader=loader)
    in_file = [f"{key}={value}" for key, value in sweeper.params.items()]
    axes, constants = read_axes(parser.parse_overrides(as_names([*in_file, *arguments])))
    asked = typed(values_of(without_hydra(config.copy())))
    folder = Path(asked.sweep.resume or config.hydra.sweep.dir).absolute()
    if asked.sweep.resume:
        check_data(folder)
    with open_dict(config):
        config.hydra.sweep.dir = str(folder)  # a copied config forgets what ${now:} was
        config.hydra.sweeper.params = {axis.key: _typed_in(axis) for axis in axes}  # each run reads the axes from here
    if hasattr(sweeper.launcher, "jobs") and not asked.sweep.dry_run:
        os.environ["UNROLLED_VECTOR_FILES"] = "\n".join(_values(axes, "embedding.path", config.embedding.path))
        sweeper.launcher.warm_up(_values(axes, "task", config.task.name))
    try:
        combined = combinations(loader, config, axes, constants)
    except UserError as error:
        raise located(error, loader, config) from error
    _check_hosts(sweeper.launcher, config.hydra.runtime.choices["hydra/launcher"], combined)
    wanted = [(each.axes, fingerprint(plain(each.config))) for each in combined]
    planned = _planned(folder, read_plan(folder), wanted)
    if (repeated := equal_runs(planned)) is not None:
        log.warning(repeated)
    if asked.sweep.dry_run:
        _list(planned, _announced(axes, planned, folder), folder)
        return None
    ownership.claim(folder, ownership.SWEEP, ownership.of_sweep(folder))
    with exclusive(folder), shielded():
        with exposed():
            known = read_plan(folder)  # another launcher may have written it before the lock was free
            planned = _planned(folder, known, wanted)
            open_ = _announced(axes, planned, folder)
            clear(folder, [run for run in known if run.number in open_])
        if not is_readable(folder / SWEEP_RECORD):
            with replacing(folder / SWEEP_RECORD) as draft:
                OmegaConf.save(config, draft)
        write_plan(folder, sorted({run.number: run for run in [*known, *planned]}.values(), key=_number))
        pairs = zip(planned, combined, strict=True)
        trials = [_trial(plan, combination) for plan, combination in pairs if plan.number in open_]
        todo = [trial for each in trials if (trial := runnable(folder, each)) is not None]
        with open_dict(config):  # for the launcher alone: what was saved keeps its `${oc.env:...}`
            config.merge_with({group: plain(asked)[group] for group in ("sweep", "slurm")})
        return _run(sweeper.launcher, todo, folder)


def _check_hosts(launcher: Any, name: str, combined: Sequence[Combination]) -> None:
    """Validates that the machines have the devices and ranks that the runs ask for. Raises UserError."""
    for config in {repr((each.config.trainer, _sizes(each.config))): each.config for each in combined}.values():
        ranks = world_of(config)
        if ranks > 1 and name not in ("local", "slurm", "basic"):
            raise UserError(f"hydra/launcher={name} cannot start the {ranks} ranks of a run: use local or slurm")
        if getattr(launcher, "elsewhere", False):
            check_ranks(config, started_later=True)
        else:
            check_host(config)


def _sizes(config: Config) -> tuple[Any, ...]:
    return (config.task, config.model.hidden, config.embedding.dim)


def _trial(planned: Planned, combination: Combination) -> Trial:
    trainer = combination.config.trainer
    return Trial(planned.number, combination.words, trainer.devices, trainer.num_nodes, trainer.accelerator == "gpu")


def _typed_in(axis: Axis) -> str:
    return ",".join(word.partition("=")[2] for word in axis.words)


def _values(axes: Sequence[Axis], key: str, constant: Any) -> list[str]:
    """Returns the values of a key in a sweep: those of its axis, or its only one."""
    swept = next((axis.values for axis in axes if axis.key == key), [constant])
    return [str(value) for value in swept if value is not None]


def _shown(axis: Axis) -> str:
    values = [word.partition("=")[2] for word in axis.words]
    return ",".join(values if len(values) <= LISTED else [*values[: LISTED // 2], "...", values[-1]])


def _number(run: Planned) -> int:
    return run.number


def _planned(folder: Path, known: Sequence[Planned], wanted: Sequence[tuple[dict[str, Any], str]]) -> list[Planned]:
    """Returns the runs of the sweep. Raises UserError as `assign` does, or if the folder of a new run is taken."""
    planned = assign(known, wanted)
    ownership.check_numbers(folder, [*({run.number for run in planned} - {run.number for run in known})])
    return planned


def _announced(axes: Sequence[Axis], planned: Sequence[Planned], folder: Path) -> set[int]:
    """Prints what is about to be run. Returns the numbers of the runs without a result."""
    open_ = {run.number for run in unfinished(folder, planned)}
    log.info(f"{len(planned)} runs: {', '.join(f'{axis.key} = {_shown(axis)}' for axis in axes)}")
    if len(open_) < len(planned):
        log.info(f"{len(planned) - len(open_)} have a result already, {len(open_)} are run")
    if len(planned) > MANY:
        log.info(f"W&B's pages show at most {MANY} runs at once: a sweep of {len(planned)} is shown in parts there")
    return open_


def _list(planned: Sequence[Planned], unfinished: set[int], folder: Path) -> None:
    for run in planned:
        note = "" if run.number in unfinished else "  (has a result)"
        print(f"{folder / str(run.number)}  {name_of(run.axes)}{note}")


def _run(launcher: Any, todo: Sequence[Trial], folder: Path) -> Any:
    """Hands the trials to the launcher, one of ours or any other of Hydra's; writes table and page on every exit.

    Hydra's own launchers number jobs from `initial_job_idx` on: a gap in the numbers takes a launch for each trial.
    """
    returns: list[Any] = []
    try:
        with exposed():
            if hasattr(launcher, "jobs"):
                launcher.jobs = todo
                returns = launcher.launch([trial.overrides for trial in todo], initial_job_idx=0)
            elif [trial.number for trial in todo] == list(range(len(todo))):
                returns = launcher.launch([trial.overrides for trial in todo], initial_job_idx=0)
            else:
                for trial in todo:
                    returns += launcher.launch([trial.overrides], initial_job_idx=trial.number)
    finally:
        failed = _collect(folder)
    for line in failed:
        log.error(line)
    if failed:
        sys.exit(1)
    return returns


def _collect(folder: Path) -> list[str]:
    """Writes table and page, from disk alone; returns a line for each run without a result."""
    from unrolled.record.results import failures, read_sweep
    from unrolled.report.build import build
    from unrolled.report.terminal import print_lines, print_table
    from unrolled.report.verdict.answers import spoken

    swept = read_sweep(folder)
    page = build(folder)
    print_table(swept)
    print_lines(Console(highlight=False), spoken(swept))
    for line in (*swept.damage, *earlier.of_sweep([run.record for run in swept.runs])):
        log.info(f"note: {line}")
    log.info(f"report: {page}")
    return failures(swept)
