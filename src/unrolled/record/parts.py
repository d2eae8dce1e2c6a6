"""The recurrent parts of a network: where their time steps lie, and what files and W&B call their numbers."""

from collections.abc import Iterable, Mapping
from itertools import accumulate

SEVERAL = ("encoder", "decoder")  # of the networks that have several, in order of time


def starts(steps: Mapping[str, int]) -> dict[str, int]:
    """Returns the first time step of each part among those of all. steps: how many each part has, in order of time."""
    return dict(zip(steps, accumulate(steps.values(), initial=0), strict=False))


def labels(names: Iterable[str]) -> dict[str, str]:
    """Returns what marks a part's numbers among the others: "" of the first part, its name of each later one."""
    return {name: name if i else "" for i, name in enumerate(names)}


def suffixes(names: Iterable[str]) -> dict[str, str]:
    """Returns what a part's file names end with: "" of the first part, "_decoder" and the like of each later one."""
    return {name: f"_{label}" if label else "" for name, label in labels(names).items()}
