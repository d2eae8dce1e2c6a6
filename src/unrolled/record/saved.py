"""Reads the YAML files that Hydra and a sweep have saved. A file that cannot be read counts as an empty one."""

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

UNREADABLE = (OSError, ValueError, YAMLError, OmegaConfBaseException)


def saved(file: Path, key: str, default: Any = None) -> Any:
    """Returns the value of a dotted key in a YAML file; `default` if it has none, or cannot be read.

    key: "" for the whole content.
    """
    try:
        content = OmegaConf.load(file)
        found = OmegaConf.select(content, key) if key else content
    except UNREADABLE:  # a power cut or a full disk has left half of it
        return default
    return default if found is None else found


def is_readable(file: Path) -> bool:
    """Returns whether a YAML file holds a table with content."""
    content = saved(file, "")
    return isinstance(content, DictConfig) and bool(content)
