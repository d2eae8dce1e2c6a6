"""The folders in which a relative path of a configuration is looked for.

A run is written down with the paths as its user typed them, relative to where it was started; it is read again from
elsewhere.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import yaml

_searched: ContextVar[tuple[Path, ...]] = ContextVar("searched", default=())


@contextmanager
def searched(*folders: str | Path | None) -> Iterator[None]:
    """Within the block relative paths are looked for in these folders, in order; None is left out."""
    token = _searched.set(tuple(Path(folder) for folder in folders if folder is not None))
    try:
        yield
    finally:
        _searched.reset(token)


def resolved(path: str | Path) -> Path:
    """Returns the absolute path of a file: in the first of the folders that has it, else in the current one."""
    candidates = [folder / path for folder in _searched.get()]
    return next((each for each in candidates if each.exists()), Path(path)).absolute()


def started_in(run: Path) -> Path | None:
    """Returns the folder in which a run was started, as Hydra has recorded it in the run's; None if it has not."""
    try:
        record: Any = yaml.safe_load((run / ".hydra" / "hydra.yaml").read_text(encoding="utf-8"))
        return Path(record["hydra"]["runtime"]["cwd"])
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError):
        return None
