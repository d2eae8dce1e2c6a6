"""The names that torch gives to the weights of a recurrent module, and where they are in what a program saves."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

NAME = re.compile(r"(.*\.)?((?:weight|bias)_(?:ih|hh|hr))(_l(\d+)(_reverse)?)?")
DEEPEST = 4  # dicts in dicts


def weights_of_one(kept: Mapping[Any, Any]) -> tuple[str, dict[str, Any]]:
    """Returns the weights of the only recurrent module of a dict, by their names without their prefix, and that.

    kept: a state_dict, of the module or of one that contains it, or a dict that contains one at any depth ("model").
    Raises ValueError if there is no such module, or several.
    """
    weights = _state_dict(kept)
    found: dict[str, dict[str, Any]] = {}
    for name, value in weights.items():
        if match := _match(name):
            prefix = match[1] or ""
            found.setdefault(prefix, {})[name.removeprefix(prefix)] = value
    if not found:
        names = [name for name in weights if isinstance(name, str)]
        tensors = [name for name in names if isinstance(weights[name], Tensor)]
        held = ", ".join((tensors or [f"{name} (no tensor)" for name in names])[:8]) or "nothing"
        raise ValueError(f"no weight_hh_l0 in it; it holds {held}")
    if len(found) > 1:
        listed = ", ".join(prefix or "one without a prefix" for prefix in found)
        raise ValueError(f"{len(found)} recurrent modules in it ({listed}): save the state_dict of one")
    return next(iter(found.items()))


def places(weights: Mapping[str, Any]) -> tuple[int, bool]:
    """Returns the number of layers of a recurrent module and whether it reads both directions; 0 layers for a cell.

    weights: by their names without a prefix.
    Raises ValueError if some names are a cell's and some a layer's.
    """
    matches = [match for name in weights if (match := _match(name))]
    cells = [match[0] for match in matches if match[3] is None]
    if cells and len(cells) < len(matches):
        layers = next(match[0] for match in matches if match[3] is not None)
        raise ValueError(f"{cells[0]} is the weight of a cell and {layers} that of a layer: save one of them")
    count = 0 if cells else 1 + max(int(match[4]) for match in matches)
    return count, any(match[5] for match in matches)


def _match(name: Any) -> re.Match[str] | None:
    return NAME.fullmatch(name) if isinstance(name, str) else None


def _state_dict(kept: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Returns the state_dict with a recurrent module that a dict is, or contains at any depth.

    Raises ValueError if there are several. A dict without any is returned as it is.
    """
    found = dict(_state_dicts(kept, ""))
    if len(found) > 1:
        raise ValueError(
            f"{len(found)} state_dicts with a recurrent layer in it ({', '.join(found)}): save one of them"
        )
    return next(iter(found.values()), kept)


def _state_dicts(kept: Mapping[Any, Any], path: str, depth: int = DEEPEST) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    if any(_match(key) for key in kept):
        yield path, kept
    elif depth:
        for key, value in kept.items():
            if isinstance(value, Mapping):
                yield from _state_dicts(value, f"{path}.{key}".removeprefix("."), depth - 1)
