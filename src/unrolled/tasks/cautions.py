"""Cautions about a user's data: inputs that saturate units or leave the training range, and few validation examples."""

import torch
from torch import Tensor

from .data import Data, Split

LARGE = 3.0  # mean or sd of an input from which on most units of a fresh network sit where f is flat
BEYOND = 0.5  # of the range of the training inputs, outside of it
FEW = 30  # validation examples
LEAST_LENGTHS = 3  # different numbers of blank last steps from which on they are taken for padding


def cautions(data: Data) -> list[str]:
    """Returns a line for each thing about the data that makes a result hard to trust; [] if there is none."""
    found = [None if len(data.val) >= FEW else _few(data), _read_padding(data)]
    if isinstance(data.reads, int):
        val = _steps(data.val)
        train = _steps(data.train) if isinstance(data.train, Split) else val  # generated ones are drawn as those are
        found += [_unscaled(train), _beyond(train, val)]
    return [line for line in found if line is not None]


def _few(data: Data) -> str:
    n = len(data.val)
    step = f": a share of them moves in steps of {1 / n:.2g}" if isinstance(data.answers, list) else ""
    return f"{n} validation examples are few{step}; scores are uncertain"


def _read_padding(data: Data) -> str | None:
    """Returns a line if padding is read: at the ends of sequences of different lengths, where no step is masked.

    Padding is a token whose name says so, or a step whose numbers are all 0.
    """
    split = data.val
    if split.mask is None or not bool(split.mask.all()):
        return None
    if isinstance(data.reads, list):
        named = [i for i, name in enumerate(data.reads) if name.strip("<>[]_").lower() in ("pad", "padding")]
        blank = torch.isin(split.x, torch.tensor(named, dtype=split.x.dtype))
    else:
        blank = (split.x == 0).all(2)
    trailing = blank.flip(1).cumprod(1).sum(1)
    if len(trailing.unique()) < LEAST_LENGTHS or bool((trailing == blank.shape[1]).all()):
        return None
    n, what = int((trailing > 0).sum()), "padding tokens" if isinstance(data.reads, list) else "zeros"
    return (
        f"{n:,} of {len(split):,} validation sequences end in {what}, and the mask has them read: if this is padding, "
        "pad on the left: unrolled.tasks.padded(sequences) gives x and the mask"
    )


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
