"""Exchange of weights with the recurrent modules of torch, which have two biases; of ours only a GRU has two."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from .recurrence import Recurrent

L = TypeVar("L", bound="Recurrent")
M = TypeVar("M", bound=nn.RNNBase)


def check_plain(module: nn.RNNBase) -> None:
    """Raises ValueError for more than one layer or direction, and for a projection."""
    if module.num_layers != 1:
        raise ValueError(f"{module.num_layers} layers: one is wanted")
    if module.bidirectional:
        raise ValueError("two directions: one is wanted")
    if module.proj_size:
        raise ValueError(f"proj_size={module.proj_size}: no projection is wanted")


def taken_from(layer: L, module: nn.RNNBase) -> L:
    """Returns a layer with the weights of a torch module of its kind, in their type.

    Raises ValueError as `check_plain` does.
    """
    check_plain(module)
    return filled(layer, {name: value.detach() for name, value in module.named_parameters()}, "_l0")


@torch.no_grad()
def filled(layer: L, weights: Mapping[str, Tensor], end: str) -> L:
    """Returns a layer with the weights of a torch layer of its kind, in the type of its weight_hh.

    weights: by torch's names; without biases they are 0.
    end: of the names: "_l0", "_l0_reverse", ..., or "" for a cell.
    """
    layer = layer.to(weights[f"weight_hh{end}"])
    zero = layer.b.new_zeros(layer.b.shape)
    first, second = (weights.get(f"{name}{end}", zero) for name in ("bias_ih", "bias_hh"))
    layer.W_x.copy_(weights[f"weight_ih{end}"])
    layer.W_h.copy_(weights[f"weight_hh{end}"])
    layer.b.copy_(first if layer.b_h is not None else first + second)
    if layer.b_h is not None:
        layer.b_h.copy_(second)
    return layer


@torch.no_grad()
def given_to(module: M, layer: "Recurrent") -> M:
    """Returns a torch module with the weights of a layer of its kind, in their type; its second bias may be 0."""
    module = module.to(layer.W_h)
    weights = dict(module.named_parameters())
    weights["weight_ih_l0"].copy_(layer.W_x)
    weights["weight_hh_l0"].copy_(layer.W_h)
    weights["bias_ih_l0"].copy_(layer.b)
    weights["bias_hh_l0"].copy_(layer.b_h if layer.b_h is not None else torch.zeros_like(layer.b))
    return module
