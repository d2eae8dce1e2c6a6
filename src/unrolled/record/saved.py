"""Reads the YAML files that Hydra and a sweep have saved. A file that cannot be read counts as an empty one."""

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

UNREADABLE = (OSError, ValueError, YAMLError, OmegaConfBaseException)


def saved(file: Path, key: str, default: Any = None) -> Any:
    """Returns the value of a dotted key in a YAML file; `default` if it has none, or cannot be read.

    A text that comes from the environment is returned as it is written: `${oc.env:NAME}`.

    key: "" for the whole content.
    """
    try:
        found: Any = OmegaConf.to_container(OmegaConf.load(file), resolve=False)
    except UNREADABLE:  # a power cut or a full disk has left half of it
        return default
    for part in filter(None, key.split(".")):
        found = found.get(part) if isinstance(found, dict) else None
    return default if found is None else found


def is_readable(file: Path) -> bool:
    """Returns whether a YAML file holds a table with content."""
    content = saved(file, "")
    return isinstance(content, dict) and bool(content)
