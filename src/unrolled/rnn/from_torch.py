"""Conversion of the weights of `torch.nn.RNN`, `LSTM` and `GRU`, and of their cells, to layers of ours."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .exchange import filled
from .recurrence import GRU, LSTM, RNN, Recurrent
from .stack import Stacked
from .torch_names import places, weights_of_one

KINDS = {1: "RNN", 3: "GRU", 4: "LSTM"}  # by the number of blocks of weight_hh
BIASES = ("bias_ih", "bias_hh")


class _Module(NamedTuple):
    """The structure of a recurrent module: E inputs, H hidden units; layers is 0 for a cell."""

    kind: str
    inputs: int
    hidden: int
    rows: int
    layers: int
    both: bool
    biased: bool

    def ends(self) -> Iterator[tuple[int, bool, str]]:
        """Yields number, direction and the end of the names of the weights of each layer, in order."""
        for number in range(max(self.layers, 1)):
            for reverse in (False, True)[: 1 + self.both]:
                yield number, reverse, f"_l{number}{'_reverse' * reverse}" if self.layers else ""

    def shapes(self, number: int, end: str) -> dict[str, tuple[int, ...]]:
        """Returns the shapes of the weights of one layer by their names."""
        inputs = self.hidden * (1 + self.both) if number else self.inputs
        weights = {f"weight_hh{end}": (self.rows, self.hidden), f"weight_ih{end}": (self.rows, inputs)}
        return weights | {f"{name}{end}": (self.rows,) for name in BIASES if self.biased}


def stack_from_torch(kept: Mapping[Any, Any], activation: str = "tanh") -> list[Stacked]:
    """Builds the layers of a `torch.nn.RNN`, `LSTM` or `GRU`, or of a cell of torch, from its weights.

    Precision is kept, except that half precision becomes float32.

    kept: its state_dict, or that of a module that contains one such module, or a dict with one of these in it.
    activation: of an RNN, "tanh" or "relu"; the state_dict does not contain it.
    Returns the layers from the first to the last, of each number first the one that reads forwards.
    Raises ValueError for any other network, and for weights that do not fit each other.
    """
    if activation not in ("tanh", "relu"):
        raise ValueError(f"activation {activation!r}: torch.nn.RNN knows tanh and relu")
    prefix, weights = weights_of_one(kept)
    try:
        module = _structure(weights)
        return [
            Stacked(number, reverse, _layer(module, _fitting(weights, module, number, end), end, activation))
            for number, reverse, end in module.ends()
        ]
    except ValueError as error:
        raise ValueError(f"{prefix.removesuffix('.')}: {error}" if prefix else str(error)) from None


def _structure(weights: Mapping[str, Any]) -> _Module:
    projections = [name for name in weights if name.startswith("weight_hr")]
    if projections:
        raise ValueError(f"{projections[0]} in it: an LSTM with proj_size; one without is wanted")
    layers, both = places(weights)
    first = "_l0" if layers else ""
    hh, ih = (_checked(weights, f"{name}{first}", 2) for name in ("weight_hh", "weight_ih"))
    rows, hidden = hh.shape
    kind = KINDS.get(rows // hidden) if rows % hidden == 0 else None
    if kind is None:
        known = ", ".join(f"{blocks} of {of}" for blocks, of in KINDS.items())
        raise ValueError(f"weight_hh{first} is {tuple(hh.shape)}: no recurrent layer (square blocks: {known})")
    return _Module(kind, ih.shape[1], hidden, rows, layers, both, any(name.startswith(BIASES) for name in weights))


def _fitting(weights: Mapping[str, Any], module: _Module, number: int, end: str) -> dict[str, Tensor]:
    """Returns the weights of one layer by name. Raises ValueError for one that is missing or has another shape."""
    found = {}
    for name, shape in module.shapes(number, end).items():
        found[name] = _checked(weights, name, len(shape))
        if tuple(found[name].shape) != shape:
            of = f"{module.kind} of {module.hidden} units{' and two directions' * module.both}"
            raise ValueError(f"{name} is {tuple(found[name].shape)}; it would be {shape} in this {of}")
    return found


def _layer(module: _Module, weights: Mapping[str, Tensor], end: str, activation: str) -> Recurrent:
    inputs = weights[f"weight_ih{end}"].shape[1]
    if module.kind == "RNN":
        return filled(RNN(inputs, module.hidden, activation), weights, end)
    return filled({"LSTM": LSTM, "GRU": GRU}[module.kind](inputs, module.hidden), weights, end)


def _checked(weights: Mapping[str, Any], name: str, ndim: int) -> Tensor:
    """Returns a weight in single or double precision. Raises ValueError if it is not dense, real and finite."""
    if name not in weights:
        raise ValueError(f"no {name} in it; it holds {', '.join(list(weights)[:8])}")
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
