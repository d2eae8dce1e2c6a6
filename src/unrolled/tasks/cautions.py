"""Cautions about a user's data: inputs that saturate units or leave the training range, and few validation examples."""

import torch
from torch import Tensor

from .data import Data, Split

LARGE = 3.0  # mean or sd of an input from which on most units of a fresh network sit where f is flat
BEYOND = 0.5  # of the range of the training inputs, outside of it
FEW = 30  # validation examples


def cautions(data: Data) -> list[str]:
    """Returns a line for each thing about the data that makes a result hard to trust; [] if there is none."""
    found = [] if len(data.val) >= FEW else [_few(data)]
    if isinstance(data.reads, int) and isinstance(data.train, Split):
        train, val = _steps(data.train), _steps(data.val)
        found += [line for line in (_unscaled(train), _beyond(train, val)) if line is not None]
    return found


def _few(data: Data) -> str:
    n = len(data.val)
    step = f": a share of them moves in steps of {1 / n:.2g}" if isinstance(data.answers, list) else ""
    return f"{n} validation examples are few{step}; scores are uncertain"


def _steps(split: Split) -> Tensor:
    """Returns the inputs that are read, (n, E)."""
    return split.x if split.mask is None else split.x[split.mask]


def _unscaled(train: Tensor) -> str | None:
    mean, sd = train.double().mean(0), train.double().std(0, correction=0)
    worst = int(torch.maximum(mean.abs(), sd).argmax())
    if max(abs(float(mean[worst])), float(sd[worst])) <= LARGE:
        return None
    return (
        f"input {worst} has mean {float(mean[worst]):.4g} and sd {float(sd[worst]):.4g}: units will be flat; "
        "scale inputs by the training part"
    )


def _beyond(train: Tensor, val: Tensor) -> str | None:
    low, high = train.amin(0), train.amax(0)
    width = (high - low).clamp_min(torch.finfo(train.dtype).tiny if train.is_floating_point() else 1)
    outside = torch.maximum(low - val.amin(0), val.amax(0) - high) / width
    worst = int(outside.argmax())
    if float(outside[worst]) <= BEYOND:
        return None
    return (
        f"input {worst} of the validation part runs from {float(val[:, worst].min()):.4g} to "
        f"{float(val[:, worst].max()):.4g}, and training has {float(low[worst]):.4g} to {float(high[worst]):.4g}: "
        "scores there are extrapolated"
    )
