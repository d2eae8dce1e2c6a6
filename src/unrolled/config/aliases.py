"""Keys under the names that they had in earlier versions: accepted everywhere, and read as the keys of today."""

from collections.abc import Iterable
from typing import Any

ALIASES = {
    "sweep.cell_timeout_min": "sweep.run_timeout_min",
    "slurm.gpus_per_cell": "slurm.gpus_per_run",
    "slurm.cells_per_job": "slurm.runs_per_job",
}


def renamed(words: Iterable[str]) -> list[str]:
    """Returns overrides (`key=value`, also with + before) with each earlier key under its name of today."""
    found = []
    for word in words:
        key, equals, value = word.partition("=")
        plain = key.lstrip("+")
        found.append(f"{ALIASES[plain]}{equals}{value}" if plain in ALIASES else word)
    return found


def with_todays_keys(values: dict[str, Any]) -> dict[str, Any]:
    """Returns the values of a configuration, a file's or a record's, with each earlier key under its name of today."""
    found = dict(values)
    for old, new in ALIASES.items():
        (group, old_key), new_key = old.split("."), new.partition(".")[2]
        node = found.get(group)
        if isinstance(node, dict) and old_key in node:
            found[group] = {key: value for key, value in node.items() if key != old_key} | {new_key: node[old_key]}
    return found
