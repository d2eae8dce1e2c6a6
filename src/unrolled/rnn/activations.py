"""Activations f with derivative f' and gamma = sup |f'|, one line each.

A new activation is one line in `ACTIVATIONS` and a one-line YAML in `conf/activation/`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

Elementwise = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Activation:
    """An elementwise non-linearity with its derivative.

    f: the function, differentiable by autograd.
    derivative: f', as a new tensor. Its argument is h = f(a) if `of_output`, else a.
    gamma: sup |f'|.
    bounded: whether f has a bounded range; only such an f can saturate.
    in_place: f, written over its argument; None if f' needs the pre-activation afterwards.
    log_derivative: ln f'(a), if f' > 0 would round to 0 where its logarithm does not; None = ln of `derivative`.
    """

    f: Elementwise
    derivative: Elementwise
    gamma: float
    bounded: bool = False
    of_output: bool = False
    in_place: Elementwise | None = None
    log_derivative: Elementwise | None = None

    def derivative_at(self, a: Tensor) -> Tensor:
        """Computes f'(a) from the pre-activation a."""
        return self.derivative(self.f(a) if self.of_output else a)

    def log_abs_derivative_at(self, a: Tensor) -> Tensor:
        """Computes ln |f'(a)|; -inf only if f' is exactly 0 in real arithmetic."""
        if self.log_derivative is not None:
            return self.log_derivative(a)
        return self.derivative_at(a).abs().log()


LEAK = 0.01  # the slope of leaky ReLU below zero (Maas et al. 2013)


def _tanh_slope(h: Tensor) -> Tensor:
    return torch.addcmul(h.new_ones(()), h, h, value=-1)  # one pass over memory, not two


def _log_tanh_slope(a: Tensor) -> Tensor:
    a = a.abs()
    return 2 * (math.log(2) - a - torch.log1p(torch.exp(-2 * a)))


def _log_sigmoid_slope(a: Tensor) -> Tensor:
    a = a.abs()
    return -a - 2 * torch.log1p(torch.exp(-a))


def _gelu_slope(a: Tensor) -> Tensor:
    density = torch.exp(-a * a / 2) / math.sqrt(2 * math.pi)
    return torch.special.ndtr(a) + a * density


# gelu' = Phi(a) + a phi(a) is largest at a = sqrt(2), where its derivative (2 - a^2) phi(a) vanishes.
_GELU_GAMMA = 0.5 * (1 + math.erf(1)) + math.exp(-1) / math.sqrt(math.pi)

# fmt: off
# ruff: noqa: E501  (one line each)
ACTIVATIONS: dict[str, Activation] = {
    "tanh": Activation(torch.tanh, _tanh_slope, 1.0, True, True, torch.tanh_, _log_tanh_slope),
    "relu": Activation(torch.relu, lambda h: (h > 0).to(h.dtype), 1.0, False, True, torch.relu_),
    "sigmoid": Activation(torch.sigmoid, lambda h: torch.addcmul(h, h, h, value=-1), 0.25, True, True, torch.sigmoid_, _log_sigmoid_slope),
    "identity": Activation(lambda a: a, torch.ones_like, 1.0, False, True, lambda a: a),
    "leaky_relu": Activation(lambda a: F.leaky_relu(a, LEAK), lambda h: (h > 0).to(h.dtype).clamp_(min=LEAK), 1.0, False, True, lambda a: F.leaky_relu_(a, LEAK)),
    "softsign": Activation(F.softsign, lambda a: (1 + a.abs()).pow_(-2), 1.0, True, log_derivative=lambda a: -2 * torch.log1p(a.abs())),
    "gelu": Activation(F.gelu, _gelu_slope, _GELU_GAMMA),
    "hardtanh": Activation(F.hardtanh, lambda h: (h.abs() < 1).to(h.dtype), 1.0, True, True, lambda a: a.clamp_(-1, 1)),
}
# fmt: on


def activation(name: str) -> Activation:
    """Returns the activation of that name. Raises ValueError for an unknown one."""
    if name not in ACTIVATIONS:
        raise ValueError(f"unknown activation {name!r}; allowed: {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]
