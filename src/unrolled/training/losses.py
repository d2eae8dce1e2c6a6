"""The losses, by name. They return one value per answer (...): whoever calls takes the mean.

Of classes: scores (..., C) against classes (...). Of numbers: both (..., K), the mean over K.
"""

from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from torch import Tensor

Elementwise = Callable[[Tensor, Tensor], Tensor]


def _cross_entropy(smoothing: float = 0.0) -> Elementwise:
    def loss(answer: Tensor, y: Tensor) -> Tensor:
        flat = F.cross_entropy(answer.flatten(0, -2), y.flatten(), reduction="none", label_smoothing=smoothing)
        return flat.view(y.shape)

    return loss


def _of_numbers(loss: Callable[..., Tensor], **options: float) -> Elementwise:
    return lambda answer, y: loss(answer, y.to(answer.dtype), reduction="none", **options).mean(-1)


LOSSES = {
    "cross_entropy": lambda _: _cross_entropy(),
    "label_smoothing": lambda options: _cross_entropy(options["smoothing"]),
    "mse": lambda _: _of_numbers(F.mse_loss),
    "mae": lambda _: _of_numbers(F.l1_loss),
    "huber": lambda options: _of_numbers(F.huber_loss, delta=options["delta"]),
}


def loss_of(config: dict[str, Any]) -> Elementwise:
    """The loss of a (plain) configuration's `loss` group."""
    return LOSSES[config["name"]](config)
