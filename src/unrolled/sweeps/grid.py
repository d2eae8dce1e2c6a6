"""The `grid` sweeper: every combination of the axes, validated before the first starts, collected on every exit."""

import sys
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf, open_dict

from unrolled.errors import UserError
from unrolled.paths import SWEEP_RECORD
from unrolled.preflight import check, without_hydra


def sweep(sweeper: Any, arguments: list[str]) -> Any:
    """Runs all cells. Ends the process with exit code 1, and a line for each, where cells have failed."""
    loader, config = sweeper.hydra_context.config_loader, sweeper.config
    parser = OverridesParser.create(config_loader=loader)
    overrides = parser.parse_overrides(sweeper._parse_config() + list(arguments))
    folder = Path(config.hydra.sweep.dir).absolute()
    with open_dict(config):
        config.hydra.sweep.dir = str(folder)  # a copied config forgets what ${now:} was
        config.hydra.sweeper.params = _axes(overrides)  # so that each cell knows what was swept
    local = hasattr(sweeper.launcher, "slots")
    if local:
        from .local import warm_up

        named = _axes(overrides).get("task") or config.task.name
        warm_up(named.split(","))  # imports torch while we compose
    (cells,) = sweeper.split_arguments(overrides, None)
    composed = [_compose(loader, config, list(cell)) for cell in cells]
    folder.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(config, folder / SWEEP_RECORD)
    if local:
        sweeper.launcher.composed = composed
    try:
        returns = sweeper.launcher.launch(cells, initial_job_idx=0)
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


def _compose(loader: Any, config: DictConfig, cell: list[str]) -> DictConfig:
    try:
        composed = loader.load_sweep_config(config, cell)
    except ValueError as error:  # so Hydra answers a group's choice that is no name
        raise UserError(f"{error} (cell {' '.join(cell)})") from error
    with open_dict(composed):
        composed.hydra.sweep.dir = config.hydra.sweep.dir
        composed.hydra.sweeper.params = config.hydra.sweeper.params
    try:
        check(without_hydra(composed.copy()))
    except UserError as error:
        raise UserError(f"{error} (cell {' '.join(cell)})") from error
    return composed


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
