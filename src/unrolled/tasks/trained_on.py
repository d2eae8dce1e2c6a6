"""What a run is trained on: the checksum of each file that its task has read, and a fingerprint of its data."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.utilities.seed import isolate_rng
from torch import Tensor

from unrolled.config.schema import TaskConfig
from unrolled.config.stamp import Stamp, sha256

from . import files_of
from .data import Data, Split, Stream

MOST_FILES = 100  # listed one by one
EXAMPLES = 32  # of a stream


def trained_on(config: TaskConfig, data: Data) -> dict[str, Any]:
    """Returns what tells the data of a task from others, as plain values.

    config: whose data have just been loaded.
    data: what was loaded.
    The result has `files` (path, sha256), `reads` and `answers` (how many, and a hash of their names), and for `train`
    and `val` the shape of x, y and the mask with two sums of absolute values: plain, and weighted by the row.
    """
    return {
        "files": _files(files_of(config)),
        "reads": _names(data.reads),
        "answers": _names(data.answers),
        "train": _sums(_examples(data.train)),
        "val": _sums(data.val),
    }


def _files(known: list[Stamp]) -> list[dict[str, str]]:
    found = [{"path": str(each.file), "sha256": sha256(each)} for each in known]
    if len(found) <= MOST_FILES:
        return found
    first, rest = found[0], sorted(found[1:], key=lambda each: each["path"])
    folder = os.path.commonpath([Path(each["path"]).parent for each in rest])
    listing = "\n".join(f"{Path(each['path']).relative_to(folder)} {each['sha256']}" for each in rest)
    return [first, {"path": folder, "sha256": hashlib.sha256(listing.encode()).hexdigest()}]


def _names(names: list[str] | int) -> dict[str, Any]:
    if isinstance(names, int):
        return {"count": names, "names": None}
    return {"count": len(names), "names": hashlib.sha256(json.dumps(names).encode()).hexdigest()[:16]}


def _examples(train: Split | Stream) -> Split:
    """Returns the examples of a split, or a few of a stream, which a user's own may draw from any generator."""
    if isinstance(train, Split):
        return train
    with isolate_rng():
        return train.split("trained_on", min(EXAMPLES, train.samples))


@torch.no_grad()
def _sums(split: Split) -> dict[str, Any]:
    shapes = {"x": split.shape, "mask": None if split.mask is None else split.mask.shape, "y": split.y.shape}
    totals = {name: torch.empty(len(split), dtype=torch.float64) for name, shape in shapes.items() if shape is not None}
    first = 0
    for piece in split.pieces():
        for name, found in totals.items():
            found[first : first + len(piece)] = _by_row(getattr(piece, name))
        first += len(piece)
    return {name: _sum(list(shapes[name] or ()), found) for name, found in totals.items()}


def _by_row(part: Tensor) -> Tensor:
    """Returns the sum of the absolute values of each row."""
    return part.reshape(len(part), -1).double().abs_().sum(1)


def _sum(shape: list[int], totals: Tensor) -> dict[str, Any]:
    """Returns a shape, the sum of absolute values, and that sum with weights from 0 to 1 by row."""
    weights = torch.linspace(0, 1, len(totals), dtype=torch.float64)
    return {"shape": shape, "sum": float(totals.sum()), "in_order": float(totals @ weights)}
