"""The `grid` sweeper: every combination of the axes, validated before the first starts, collected on every exit."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf, open_dict

from unrolled.config import fingerprint, plain
from unrolled.errors import UserError
from unrolled.paths import SWEEP_RECORD
from unrolled.place import axis_values, name_of
from unrolled.preflight import check, without_hydra

from .plan import Planned, assign, clear, held, read_plan, unfinished, write_plan

MANY = 1000  # runs


def sweep(sweeper: Any, arguments: list[str]) -> Any:
    """Runs the cells that have no result yet: all of them, unless `sweep.resume` names a folder with some.

    Ends the process with exit code 1, and a line for each, where cells have failed.
    """
    loader, config = sweeper.hydra_context.config_loader, sweeper.config
    parser = OverridesParser.create(config_loader=loader)
    overrides = parser.parse_overrides(sweeper._parse_config() + list(arguments))
    axes = _axes(overrides)
    folder = Path(config.sweep.resume or config.hydra.sweep.dir).absolute()
    with open_dict(config):
        config.hydra.sweep.dir = str(folder)  # a copied config forgets what ${now:} was
        config.hydra.sweeper.params = axes  # so that each cell knows what was swept
    if hasattr(sweeper.launcher, "slots") and not config.sweep.dry_run:
        from .local import warm_up

        warm_up((axes.get("task") or config.task.name).split(","))  # imports torch while we compose
    (cells,) = sweeper.split_arguments(overrides, None)
    composed = [_compose(loader, config, list(cell)) for cell in cells]
    wanted = [
        (axis_values(list(axes), list(cell)), fingerprint(values))
        for cell, (_, values) in zip(cells, composed, strict=True)
    ]
    known = read_plan(folder)
    planned = assign(known, wanted)
    open_ = {cell.number for cell in unfinished(folder, planned)}
    todo = [
        Job(cell.number, list(words), config)
        for cell, words, (config, _) in zip(planned, cells, composed, strict=True)
        if cell.number in open_
    ]
    _announce(axes, planned, todo, folder)
    if config.sweep.dry_run:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder):
        clear(folder, unfinished(folder, planned))
        write_plan(folder, sorted({cell.number: cell for cell in [*known, *planned]}.values(), key=_number))
        if not known:
            OmegaConf.save(config, folder / SWEEP_RECORD)
        return _run(sweeper.launcher, todo, folder)


@dataclass(frozen=True)
class Job:
    """A cell to be run: its folder's number, its overrides, its configuration."""

    number: int
    overrides: list[str]
    config: DictConfig


def _number(cell: Planned) -> int:
    return cell.number


def _announce(axes: dict[str, str], planned: Sequence[Planned], todo: Sequence[Job], folder: Path) -> None:
    """What is about to be run, before it is."""
    print(f"{len(planned)} cells: {', '.join(f'{key} = {values}' for key, values in axes.items())}")
    if len(todo) < len(planned):
        print(f"{len(planned) - len(todo)} have a result already, {len(todo)} are run")
    if len(planned) > MANY:
        print(f"W&B's pages show at most {MANY} runs at once: a sweep of {len(planned)} is seen in parts there")
    numbers = {job.number for job in todo}
    if todo and todo[0].config.sweep.dry_run:
        for cell in planned:
            done = "" if cell.number in numbers else "  (has a result)"
            print(f"{folder / str(cell.number)}  {name_of(cell.axes)}{done}")


def _run(launcher: Any, todo: Sequence[Job], folder: Path) -> Any:
    """By the launcher, whatever it is; table and page are made on every exit."""
    returns: list[Any] = []
    try:
        if hasattr(launcher, "slots"):
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


def _axes(overrides: list[Override]) -> dict[str, str]:
    """Swept key -> its values as typed. Where the command line repeats a key of the file, it replaces the axis."""
    last = {override.get_key_element(): override for override in overrides}
    return {
        key: ",".join(override.sweep_string_iterator())
        for key, override in last.items()
        if override.is_sweep_override()
    }


def _compose(loader: Any, config: DictConfig, cell: list[str]) -> tuple[DictConfig, dict[str, Any]]:
    """The cell's configuration as Hydra wants it, and as plain values. Raises UserError for a wrong one."""
    try:
        composed = loader.load_sweep_config(config, cell)
    except ValueError as error:  # so Hydra answers a group's choice that is no name
        raise UserError(f"{error} (cell {' '.join(cell)})") from error
    with open_dict(composed):
        composed.hydra.sweep.dir = config.hydra.sweep.dir
        composed.hydra.sweeper.params = config.hydra.sweeper.params
    try:
        return composed, plain(check(without_hydra(composed.copy())))
    except UserError as error:
        raise UserError(f"{error} (cell {' '.join(cell)})") from error


def _collect(folder: Path) -> list[str]:
    """Table and page, from disk alone; returns a line for each cell that has no result."""
    from unrolled.report.build import build
    from unrolled.report.terminal import print_table

    from .results import failures, read_sweep

    swept = read_sweep(folder)
    page = build(folder)
    print_table(swept)
    print(f"report: {page}")
    return failures(swept)
