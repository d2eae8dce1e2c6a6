"""Validates the values of Hydra's launcher and sweeper, which are outside of the schema."""

from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig

from unrolled.config.validate import unknown_key
from unrolled.errors import UserError
from unrolled.processes.resources import cores

MOST_PER_CORE = 16  # runs at once: of more, each would get next to nothing, and the memory would run out


def check_plugins(config: DictConfig) -> None:
    """Raises UserError for a launcher and a sweeper that do not fit, an unknown key of theirs, or a wrong value.

    config: Hydra's own part of the configuration.
    """
    chosen = config.runtime.choices
    launcher, sweeper = chosen["hydra/launcher"], chosen["hydra/sweeper"]
    if launcher in ("local", "slurm") and sweeper != "grid":
        raise UserError(
            f"hydra/launcher={launcher} works with hydra/sweeper=grid; for {sweeper} use hydra/launcher=basic"
        )
    for part, name in (("launcher", launcher), ("sweeper", sweeper)):
        _check_keys(f"hydra.{part}", f"hydra/{part}/{name}.yaml", config[part])
    if launcher == "local":
        _check_slots(config.launcher.slots)


def _check_keys(place: str, file: str, node: Any) -> None:
    known = [str(key) for key in ConfigStore.instance().load(file).node]
    if not isinstance(node, DictConfig):
        raise UserError(f"{place}={node}: this is a group: set its values, such as {place}.{known[-1]}")
    for key in node:
        if key not in known:
            raise UserError(unknown_key(f"{place}.{key}", [each for each in known if each != "_target_"] or ["none"]))


def _check_slots(slots: Any) -> None:
    if slots is None:
        return
    most = MOST_PER_CORE * cores()
    if not isinstance(slots, int) or isinstance(slots, bool) or not 1 <= slots <= most:
        raise UserError(
            f"hydra.launcher.slots={slots}: must be a whole number of at least 1 and at most {most}, "
            f"{MOST_PER_CORE} for each of the {cores()} cores here; null: as many as cores"
        )
