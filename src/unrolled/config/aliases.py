"""Earlier names of configuration keys, accepted wherever the current names are."""

from collections.abc import Iterable
from typing import Any

ALIASES = {
    "sweep.cell_timeout_min": "sweep.run_timeout_min",
    "slurm.gpus_per_cell": "slurm.gpus_per_run",
    "slurm.cells_per_job": "slurm.runs_per_job",
}


def renamed(words: Iterable[str]) -> list[str]:
    """Returns the overrides (`key=value` or `+key=value`) with each earlier key replaced by its current name."""
    found = []
    for word in words:
        key, equals, value = word.partition("=")
        plain = key.lstrip("+")
        found.append(f"{ALIASES[plain]}{equals}{value}" if plain in ALIASES else word)
    return found


def with_todays_keys(values: dict[str, Any]) -> dict[str, Any]:
    """Returns a nested configuration (of a file or of a record) with each earlier key replaced by its current name."""
    found = dict(values)
    for old, new in ALIASES.items():
        (group, old_key), new_key = old.split("."), new.partition(".")[2]
        node = found.get(group)
        if isinstance(node, dict) and old_key in node:
            found[group] = {key: value for key, value in node.items() if key != old_key} | {new_key: node[old_key]}
    return found
