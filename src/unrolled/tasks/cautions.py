"""Cautions about a user's data: inputs that saturate units or leave the training range, and few validation examples."""

from collections.abc import Iterator
from typing import NamedTuple

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
        val = _spread(data.val)
        train = _spread(data.train) if isinstance(data.train, Split) else val  # generated ones are drawn as those are
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
    trailing, first = torch.empty(len(split), dtype=torch.int64), 0
    for piece in split.pieces():
        trailing[first : first + len(piece)] = _trailing(piece.x, data.reads)
        first += len(piece)
    if len(trailing.unique()) < LEAST_LENGTHS or bool((trailing == split.shape[1]).all()):
        return None
    n, what = int((trailing > 0).sum()), "padding tokens" if isinstance(data.reads, list) else "zeros"
    return (
        f"{n:,} of {len(split):,} validation sequences end in {what}, and the mask has them read: if this is padding, "
        "pad on the left: unrolled.tasks.padded(sequences) gives x and the mask"
    )


def _trailing(x: Tensor, reads: list[str] | int) -> Tensor:
    """Returns how many blank steps each example ends in, int64 (n,)."""
    if isinstance(reads, list):
        named = [i for i, name in enumerate(reads) if name.strip("<>[]_").lower() in ("pad", "padding")]
        blank = torch.isin(x, torch.tensor(named, dtype=x.dtype))
    else:
        blank = (x == 0).all(2)
    return blank.flip(1).cumprod(1).sum(1)


class _Spread(NamedTuple):
    """Mean, sd, minimum and maximum of the E inputs over the steps that are read, (E,) each."""

    mean: Tensor
    sd: Tensor
    low: Tensor
    high: Tensor


def _spread(split: Split) -> _Spread:
    E = split.shape[-1]
    total, square = torch.zeros(E, dtype=torch.float64), torch.zeros(E, dtype=torch.float64)
    low, high, n = torch.full((E,), torch.inf), torch.full((E,), -torch.inf), 0
    for part in _steps(split):
        n += len(part)
        total += part.sum(0, dtype=torch.float64)
        low, high = torch.minimum(low, part.amin(0)), torch.maximum(high, part.amax(0))
    mean = total / n
    for part in _steps(split):
        square += (part - mean).square_().sum(0)
    return _Spread(mean, (square / n).sqrt(), low, high)


def _steps(split: Split) -> Iterator[Tensor]:
    """Yields the inputs that are read, (n, E), in pieces of a moderate size."""
    for piece in split.pieces():
        part = piece.x if piece.mask is None else piece.x[piece.mask]
        if len(part):
            yield part


def _unscaled(train: _Spread) -> str | None:
    mean, sd = train.mean, train.sd
    worst = int(torch.maximum(mean.abs(), sd).argmax())
    if max(abs(float(mean[worst])), float(sd[worst])) <= LARGE:
        return None
    return (
        f"input {worst} has mean {float(mean[worst]):.4g} and sd {float(sd[worst]):.4g}: units will be flat; "
        "scale inputs by the training part"
    )


def _beyond(train: _Spread, val: _Spread) -> str | None:
    width = (train.high - train.low).clamp_min(torch.finfo(train.high.dtype).tiny)
    outside = torch.maximum(train.low - val.low, val.high - train.high) / width
    worst = int(outside.argmax())
    if float(outside[worst]) <= BEYOND:
        return None
    return (
        f"input {worst} of the validation part runs from {float(val.low[worst]):.4g} to "
        f"{float(val.high[worst]):.4g}, and training has {float(train.low[worst]):.4g} to "
        f"{float(train.high[worst]):.4g}: scores there are extrapolated"
    )
