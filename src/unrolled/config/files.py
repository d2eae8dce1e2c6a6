"""Where the configuration and the sweep files are: in a checkout beside src/, in a wheel inside the package."""

from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

_PACKAGE = Path(__file__).resolve().parents[1]
CHECKOUT = _PACKAGE.parents[1]
CONF = _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else CHECKOUT / "conf"
SWEEPS = _PACKAGE / "sweep_files" if (_PACKAGE / "sweep_files").is_dir() else CHECKOUT / "sweeps"

SWEEP_RECORD = "multirun.yaml"  # the file that says that a folder holds a sweep


def choices() -> dict[str, list[str]]:
    """The names of the YAML files of each config group."""
    return {
        group.name: sorted(file.stem for file in group.glob("*.yaml"))
        for group in sorted(CONF.iterdir())
        if group.is_dir()
    }


@cache
def options(group: str, name: str) -> dict[str, Any]:
    """The values that the file of a choice has, with their defaults."""
    values = OmegaConf.load(CONF / group / f"{name}.yaml")
    found = OmegaConf.to_container(values.get(group, values), resolve=False)  # type: ignore[union-attr]
    assert isinstance(found, dict)
    return found  # type: ignore[return-value]


@cache
def names(group: str) -> list[str]:
    """Returns the values of `name` that the files of a group have: fewer than files where two share a name."""
    return sorted({options(group, choice)["name"] for choice in choices()[group]})
