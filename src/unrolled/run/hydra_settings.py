"""Refuses settings of Hydra's own (`hydra.*`) that a run or a sweep would ignore, or could not do with."""

from collections.abc import Iterable
from typing import Any

from hydra.core.override_parser.types import Override
from hydra.types import RunMode
from omegaconf import DictConfig, ListConfig, OmegaConf

from unrolled.errors import UserError

FIXED: dict[str, tuple[list[Any], str]] = {
    "hydra.output_subdir": ([".hydra"], "a run keeps its configuration in .hydra, from where it is resumed"),
    "hydra.job.chdir": ([False, None], "files are named relative to the folder of the command; leave it false"),
    "hydra.sweep.subdir": (["${hydra.job.num}"], "the folder of a sweep's run is its number; hydra.sweep.dir is free"),
}
FOUND_OUT = ("hydra.job.num", "hydra.job.id", "hydra.job.config_name", "hydra.job.override_dirname")
RUN_FOLDER, SWEEP_FOLDER = "hydra.run.", "hydra.sweep."


def check_settings(config: DictConfig, overrides: Iterable[Override], sweep: bool, multirun: bool) -> None:
    """Raises UserError for a setting of Hydra's that has no effect here, or one that a run does not work with.

    config: what was composed, with the `hydra` group.
    overrides: of the command line.
    sweep: whether it is one. multirun: whether the command line has -m.
    """
    words = {each.key_or_group: each.input_line for each in overrides}
    for key, (allowed, why) in FIXED.items():
        value = _written(config, key)
        if value not in allowed and (sweep or key != "hydra.sweep.subdir"):
            raise UserError(f"{key}={'null' if value is None else value}: {why}", key)
    for key, word in words.items():
        if key in FOUND_OUT or key.startswith(("hydra.runtime.", "hydra.overrides.")):
            raise UserError(f"{word}: Hydra sets this itself: leave it out")
    if multirun and config.hydra.mode == RunMode.RUN:
        raise UserError("-m is a sweep and hydra.mode=RUN is a single run: give one of them")
    _check_folders(words, sweep)
    verbose = config.hydra.verbose
    if not isinstance(verbose, bool | str | ListConfig):
        raise UserError(f"hydra.verbose={verbose}: must be true, false, or names of loggers")


def _check_folders(words: dict[str, str | None], sweep: bool) -> None:
    """Raises UserError for a folder of a sweep that is given to a run alone, or of a run to a sweep alone."""
    other, own = (RUN_FOLDER, SWEEP_FOLDER) if sweep else (SWEEP_FOLDER, RUN_FOLDER)
    wrong = next((key for key in words if key.startswith(other)), None)
    if wrong is not None and not any(key.startswith(own) for key in words):
        kind = "a sweep" if sweep else "a single run"
        raise UserError(f"{words[wrong]}: this is {kind}, whose folder is {own}dir=...")


def _written(config: DictConfig, key: str) -> Any:
    """Returns a value as it is written, with its interpolation."""
    group, _, last = key.rpartition(".")
    values: Any = OmegaConf.to_container(OmegaConf.select(config, group), resolve=False)
    return values[last]
