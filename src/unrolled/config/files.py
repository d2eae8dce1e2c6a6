"""Locations of the configuration, of the sweep files and of the glossary.

In a checkout they lie beside src/, in a wheel inside the package.
"""

from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

_PACKAGE = Path(__file__).resolve().parents[1]
CHECKOUT = _PACKAGE.parents[1]
CONF = _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else CHECKOUT / "conf"
WORDS = _PACKAGE / "words.md" if (_PACKAGE / "words.md").is_file() else CHECKOUT / "docs" / "words.md"
SWEEPS = _PACKAGE / "sweep_files" if (_PACKAGE / "sweep_files").is_dir() else CHECKOUT / "sweeps"

TRAIN = ["python", "src/train.py"] if (CHECKOUT / "src" / "train.py").is_file() else ["unrolled", "train"]

SWEEP_RECORD = "multirun.yaml"  # its presence marks the folder of a sweep


def choices() -> dict[str, list[str]]:
    """Returns the choices of each config group: the names of its YAML files."""
    return {
        group.name: sorted(file.stem for file in group.glob("*.yaml"))
        for group in sorted(CONF.iterdir())
        if group.is_dir()
    }


@cache
def options(group: str, name: str) -> dict[str, Any]:
    """Returns the keys that the file of a choice sets, with their values.

    group: a config group (`task`).
    name: a choice of it (`sentiment`).
    """
    values = OmegaConf.load(CONF / group / f"{name}.yaml")
    found = OmegaConf.to_container(values.get(group, values), resolve=False)  # type: ignore[union-attr]
    assert isinstance(found, dict)
    return found  # type: ignore[return-value]


@cache
def names(group: str) -> list[str]:
    """Returns the distinct values of `name` in the files of a group; several files may share one."""
    return sorted({options(group, choice)["name"] for choice in choices()[group]})
