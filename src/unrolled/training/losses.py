"""The losses, by name. A new one is a line of `LOSSES` and a file in conf/loss/. No torch here until one is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from unrolled.config.schema import LossConfig
from unrolled.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    Elementwise = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Loss:
    """A loss: which answers it compares, and how it is made.

    answers: "classes" or "numbers", what a task must answer with.
    function: from torch.nn.functional and the values of the `loss` group to a function with an argument `reduction`.
    """

    answers: str
    function: Callable[[Any, LossConfig], Callable[..., Tensor]]


LOSSES = {
    "cross_entropy": Loss("classes", lambda F, _: F.cross_entropy),
    "label_smoothing": Loss("classes", lambda F, loss: partial(F.cross_entropy, label_smoothing=loss.smoothing)),
    "mse": Loss("numbers", lambda F, _: F.mse_loss),
    "mae": Loss("numbers", lambda F, _: F.l1_loss),
    "huber": Loss("numbers", lambda F, loss: partial(F.huber_loss, delta=loss.delta)),
}


def loss_of(config: LossConfig, weights: Sequence[float] = ()) -> Elementwise:
    """Returns the loss of a configuration, as a function that gives one value per answer: (...).

    Of classes it takes scores (..., C) and classes (...); of numbers both (..., K), and it takes the mean over K.

    weights: of the classes, C of them, by which each value is multiplied; empty: all are 1.
    """
    import torch
    import torch.nn.functional as F

    loss = LOSSES[config.name]
    function = loss.function(F, config)

    def of_classes(answer: Tensor, y: Tensor) -> Tensor:
        losses = function(answer.flatten(0, -2), y.flatten(), reduction="none").view(y.shape)
        return losses * torch.tensor(weights, dtype=losses.dtype, device=y.device)[y] if weights else losses

    def of_numbers(answer: Tensor, y: Tensor) -> Tensor:
        return function(answer, y.to(answer.dtype), reduction="none").mean(-1)

    return of_classes if loss.answers == "classes" else of_numbers


def check_loss(loss: str, task: str, answers: str) -> None:
    """Raises UserError if the loss does not fit a task that answers with "classes" or "numbers"."""
    fitting = [name for name, each in LOSSES.items() if each.answers == answers]
    if loss not in fitting:
        allowed = ", ".join(fitting)
        raise UserError(f"loss={loss} does not fit task={task}, which answers with {answers}: use one of {allowed}")
