"""Conversion of `torch.nn.RNN`, which has two biases, to our `RNN`, which has one."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from .recurrence import RNN

NAMES = {"W_x": "weight_ih_l0", "W_h": "weight_hh_l0"}
BIASES = ("bias_ih_l0", "bias_hh_l0")
DEEPEST = 4  # dicts in dicts
GATES = {4: "an LSTM", 3: "a GRU"}


def rnn_from_torch(weights: Mapping[str, Any], activation: str = "tanh") -> RNN:
    """Builds an `RNN` from the weights of a `torch.nn.RNN` of one layer and direction.

    Precision is kept, except that half precision becomes float32.

    weights: its state_dict, or that of a module that contains one such layer, or a dict with one of these in it.
    activation: "tanh" or "relu"; the state_dict does not contain it.
    Raises ValueError for any other network.
    """
    if activation not in ("tanh", "relu"):
        raise ValueError(f"activation {activation!r}: torch.nn.RNN knows tanh and relu")
    weights = _state_dict(weights)
    prefix = _prefix(weights)
    found = {ours: _checked(weights, prefix + theirs, 2) for ours, theirs in NAMES.items()}
    rows, hidden = found["W_h"].shape
    if rows != hidden:
        layer = GATES.get(rows // hidden, "something else")
        raise ValueError(f"{prefix}weight_hh_l0 is {tuple(found['W_h'].shape)}: {layer}, not a plain RNN")
    if len(found["W_x"]) != hidden:
        raise ValueError(f"{prefix}weight_ih_l0 is {tuple(found['W_x'].shape)}, but weight_hh_l0 has {hidden} rows")
    biases = {name: _checked(weights, prefix + name, 1) for name in BIASES if prefix + name in weights}
    for name, bias in biases.items():
        if len(bias) != hidden:
            raise ValueError(f"{prefix}{name} is {tuple(bias.shape)}, but weight_hh_l0 has {hidden} rows")
    rnn = RNN(found["W_x"].shape[1], hidden, activation).to(found["W_h"].dtype)
    with torch.no_grad():
        rnn.W_x.copy_(found["W_x"])
        rnn.W_h.copy_(found["W_h"])
        rnn.b.copy_(sum(biases.values(), torch.zeros(hidden)))
    return rnn


def _state_dict(kept: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Returns the state_dict with a recurrent layer that a dict is, or contains at any depth ("model", "state_dict").

    Raises ValueError if there are several. A dict without any is returned as it is.
    """
    found = dict(_state_dicts(kept, ""))
    if len(found) > 1:
        raise ValueError(
            f"{len(found)} state_dicts with a recurrent layer in it ({', '.join(found)}): save one of them"
        )
    return next(iter(found.values()), kept)


def _state_dicts(kept: Mapping[Any, Any], path: str, depth: int = DEEPEST) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    if any(isinstance(key, str) and key.endswith(NAMES["W_h"]) for key in kept):
        yield path, kept
    elif depth:
        for key, value in kept.items():
            if isinstance(value, Mapping):
                yield from _state_dicts(value, f"{path}.{key}".removeprefix("."), depth - 1)


def _checked(weights: Mapping[str, Any], name: str, ndim: int) -> Tensor:
    """Returns a weight in single or double precision. Raises ValueError if it is not dense, real and finite."""
    if name not in weights:
        raise ValueError(f"no {name} in it")
    value = weights[name]
    if not isinstance(value, Tensor):
        raise ValueError(f"{name} is of type {type(value).__name__}; a tensor is wanted")
    if value.layout != torch.strided or value.is_quantized or value.is_meta:
        raise ValueError(f"{name} is sparse, quantized or empty; a dense tensor is wanted: save {name}.to_dense()")
    if not value.is_floating_point():
        raise ValueError(f"{name} is of {value.dtype}; floating-point numbers are wanted")
    value = value.detach() if value.dtype in (torch.float32, torch.float64) else value.detach().float()
    if value.ndim != ndim or not value.numel() or not torch.isfinite(value).all():
        kind = {1: "a vector", 2: "a matrix"}[ndim]
        raise ValueError(f"{name} is {tuple(value.shape)}; {kind} of finite numbers is wanted{_first_wrong(value)}")
    return value


def _first_wrong(value: Tensor) -> str:
    wrong = (~torch.isfinite(value)).nonzero()
    return f", and {value[tuple(wrong[0])]} stands at {wrong[0].tolist()}" if len(wrong) else ""


def _prefix(weights: Mapping[Any, Any]) -> str:
    """Returns the prefix of the names of the only recurrent layer. Raises ValueError if there is none, or several."""
    names = [name for name in weights if isinstance(name, str)]
    found = [name.removesuffix(NAMES["W_h"]) for name in names if name.endswith(NAMES["W_h"])]
    if not found:
        tensors = [name for name in names if isinstance(weights[name], Tensor)]
        held = ", ".join((tensors or [f"{name} (no tensor)" for name in names])[:8]) or "nothing"
        raise ValueError(f"no weight_hh_l0 in it; it holds {held}")
    if len(found) > 1:
        raise ValueError(f"{len(found)} recurrent layers in it ({', '.join(found)}): give the state_dict of one")
    more = [name for name in names if name.startswith(f"{found[0]}weight_hh_") and not name.endswith("_l0")]
    if more:
        structure = "two directions" if any(name.endswith("_reverse") for name in more) else "more than one layer"
        raise ValueError(f"{structure} ({more[0]}): one layer in one direction is wanted")
    return found[0]
