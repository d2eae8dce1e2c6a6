"""Conversion of `torch.nn.RNN`, which has two biases, to our `RNN`, which has one."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .recurrence import RNN

NAMES = {"W_x": "weight_ih_l0", "W_h": "weight_hh_l0"}
BIASES = ("bias_ih_l0", "bias_hh_l0")
GATES = {4: "an LSTM", 3: "a GRU"}


def rnn_from_torch(weights: Mapping[str, Any], activation: str = "tanh") -> RNN:
    """Builds an `RNN` from the weights of a `torch.nn.RNN` of one layer and direction; precision is kept.

    weights: its state_dict, or that of a module that contains one such layer.
    activation: "tanh" or "relu"; the state_dict does not contain it.
    Raises ValueError for any other network.
    """
    if activation not in ("tanh", "relu"):
        raise ValueError(f"activation {activation!r}: torch.nn.RNN knows tanh and relu")
    prefix = _prefix(weights)
    found = {ours: _matrix(weights, prefix + theirs) for ours, theirs in NAMES.items()}
    rows, hidden = found["W_h"].shape
    if rows != hidden:
        layer = GATES.get(rows // hidden, "something else")
        raise ValueError(f"{prefix}weight_hh_l0 is {tuple(found['W_h'].shape)}: {layer}, not a plain RNN")
    if len(found["W_x"]) != hidden:
        raise ValueError(f"{prefix}weight_ih_l0 is {tuple(found['W_x'].shape)}, but weight_hh_l0 has {hidden} rows")
    rnn = RNN(found["W_x"].shape[1], hidden, activation).to(found["W_h"].dtype)
    biases = [weights[prefix + name] for name in BIASES if prefix + name in weights]
    with torch.no_grad():
        rnn.W_x.copy_(found["W_x"])
        rnn.W_h.copy_(found["W_h"])
        rnn.b.copy_(sum(biases, torch.zeros(hidden)))
    return rnn


def _matrix(weights: Mapping[str, Any], name: str) -> Tensor:
    if name not in weights:
        raise ValueError(f"no {name} in it")
    value = weights[name]
    if value.ndim != 2 or not torch.isfinite(value).all():
        raise ValueError(f"{name} is {tuple(value.shape)}; a matrix of finite numbers is wanted")
    return value


def _prefix(weights: Mapping[str, Any]) -> str:
    """Returns the prefix of the names of the only recurrent layer. Raises ValueError if there is none, or several."""
    names = [name for name, value in weights.items() if isinstance(value, Tensor)]
    found = [name.removesuffix(NAMES["W_h"]) for name in names if name.endswith(NAMES["W_h"])]
    if not found:
        raise ValueError(f"no weight_hh_l0 in it; it holds {', '.join(names[:8]) or 'no tensors'}")
    if len(found) > 1:
        raise ValueError(f"{len(found)} recurrent layers in it ({', '.join(found)}): give the state_dict of one")
    more = [name for name in names if name.startswith(f"{found[0]}weight_hh_") and not name.endswith("_l0")]
    if more:
        structure = "two directions" if any(name.endswith("_reverse") for name in more) else "more than one layer"
        raise ValueError(f"{structure} ({more[0]}): one layer in one direction is wanted")
    return found[0]
