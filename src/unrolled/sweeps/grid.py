"""The `grid` sweeper: every combination of the axes, validated before the first starts, collected on every exit."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf, open_dict

from unrolled.config.axes import Axis, read_axes
from unrolled.config.files import SWEEP_RECORD
from unrolled.config.identity import name_of
from unrolled.config.schema import fingerprint, plain
from unrolled.errors import UserError
from unrolled.processes.ranks import check_ranks, world_of
from unrolled.record import earlier, ownership
from unrolled.record.files import replacing
from unrolled.record.plan import Planned, read_plan, write_plan
from unrolled.run.preflight import check_host

from .compose import Combination, combinations
from .plan import Job, assign, clear, held, runnable, unfinished

MANY = 1000  # runs


def sweep(sweeper: Any, arguments: list[str]) -> Any:
    """Runs the cells that have no result yet: all of them, unless `sweep.resume` names a folder with some.

    Ends the process with exit code 1, and a line for each, where cells have failed.
    """
    loader, config = sweeper.hydra_context.config_loader, sweeper.config
    parser = OverridesParser.create(config_loader=loader)
    axes, constants = read_axes(parser.parse_overrides(sweeper._parse_config() + list(arguments)))
    folder = Path(config.sweep.resume or config.hydra.sweep.dir).absolute()
    with open_dict(config):
        config.hydra.sweep.dir = str(folder)  # a copied config forgets what ${now:} was
        config.hydra.sweeper.params = {axis.key: _typed_in(axis) for axis in axes}  # each cell knows what was swept
    if hasattr(sweeper.launcher, "jobs") and not config.sweep.dry_run:
        sweeper.launcher.warm_up(_tasks(config, axes))
    cells = combinations(loader, config, axes, constants)
    _check_hosts(sweeper.launcher, config.hydra.runtime.choices["hydra/launcher"], cells)
    known = read_plan(folder)
    planned = assign(known, [(cell.axes, fingerprint(plain(cell.config))) for cell in cells])
    new = {cell.number for cell in planned} - {cell.number for cell in known}
    ownership.check_numbers(folder, [*new])
    unfinished_ = {cell.number for cell in unfinished(folder, planned)}
    _announce(axes, planned, unfinished_)
    if config.sweep.dry_run:
        _list(planned, unfinished_, folder)
        return None
    ownership.claim(folder, ownership.SWEEP, ownership.of_sweep(folder))
    with held(folder):
        clear(folder, [cell for cell in known if cell.number in unfinished_])
        if not (folder / SWEEP_RECORD).is_file():
            with replacing(folder / SWEEP_RECORD) as draft:
                OmegaConf.save(config, draft)
        write_plan(folder, sorted({cell.number: cell for cell in [*known, *planned]}.values(), key=_number))
        pairs = zip(planned, cells, strict=True)
        jobs = [_job(plan, cell) for plan, cell in pairs if plan.number in unfinished_]
        todo = [job for each in jobs if (job := runnable(folder, each)) is not None]
        return _run(sweeper.launcher, todo, folder)


def _check_hosts(launcher: Any, name: str, cells: Sequence[Combination]) -> None:
    """Whether where the cells will run there is what they need. Raises UserError."""
    for cell in {repr(cell.config.trainer): cell for cell in cells}.values():
        ranks = world_of(cell.config)
        if ranks > 1 and name not in ("local", "slurm", "basic"):
            raise UserError(f"hydra/launcher={name} cannot start the {ranks} ranks of a cell: use local or slurm")
        if getattr(launcher, "elsewhere", False):
            check_ranks(cell.config, started_later=True)
        else:
            check_host(cell.config)


def _job(planned: Planned, cell: Combination) -> Job:
    trainer = cell.config.trainer
    return Job(planned.number, cell.words, trainer.devices, trainer.num_nodes, trainer.accelerator.name == "gpu")


def _typed_in(axis: Axis) -> str:
    return ",".join(word.partition("=")[2] for word in axis.words)


def _tasks(config: DictConfig, axes: Sequence[Axis]) -> list[str]:
    """The names of the tasks that will be run."""
    return next(([str(value) for value in axis.values] for axis in axes if axis.key == "task"), [config.task.name])


def _number(cell: Planned) -> int:
    return cell.number


def _announce(axes: Sequence[Axis], planned: Sequence[Planned], unfinished: set[int]) -> None:
    """What is about to be run, before it is."""
    print(f"{len(planned)} cells: {', '.join(f'{axis.key} = {_typed_in(axis)}' for axis in axes)}")
    if len(unfinished) < len(planned):
        print(f"{len(planned) - len(unfinished)} have a result already, {len(unfinished)} are run")
    if len(planned) > MANY:
        print(f"W&B's pages show at most {MANY} runs at once: a sweep of {len(planned)} is seen in parts there")


def _list(planned: Sequence[Planned], unfinished: set[int], folder: Path) -> None:
    for cell in planned:
        done = "" if cell.number in unfinished else "  (has a result)"
        print(f"{folder / str(cell.number)}  {name_of(cell.axes)}{done}")


def _run(launcher: Any, todo: Sequence[Job], folder: Path) -> Any:
    """By the launcher, whatever it is; table and page are made on every exit."""
    returns: list[Any] = []
    try:
        if hasattr(launcher, "jobs"):
            launcher.jobs = todo
            returns = launcher.launch([job.overrides for job in todo], initial_job_idx=0)
        elif [job.number for job in todo] == list(range(len(todo))):
            returns = launcher.launch([job.overrides for job in todo], initial_job_idx=0)
        else:
            for job in todo:
                returns += launcher.launch([job.overrides], initial_job_idx=job.number)
    finally:
        failed = _collect(folder)
    for line in failed:
        print(f"unrolled: {line}", file=sys.stderr)
    if failed:
        sys.exit(1)
    return returns


def _collect(folder: Path) -> list[str]:
    """Table and page, from disk alone; returns a line for each cell that has no result."""
    from unrolled.record.results import failures, read_sweep
    from unrolled.report.build import build
    from unrolled.report.critical_line import distance
    from unrolled.report.solving import against_change, solving
    from unrolled.report.terminal import print_table
    from unrolled.report.theory import agreement

    swept = read_sweep(folder)
    page = build(folder)
    print_table(swept)
    for line in (*solving(swept), *against_change(swept), *agreement(swept), *distance(swept)):
        print(line)
    for line in earlier.of_sweep([cell.record for cell in swept.cells]):
        print(f"note: {line}")
    print(f"report: {page}")
    return failures(swept)
