"""The data module: tensors in memory, shuffled as a pure function of seed and epoch."""

from collections.abc import Iterator
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from unrolled.rnn import Batch
from unrolled.rnn.init import stream
from unrolled.tasks.data import Data, Split, Stream

VALIDATION_BATCH = 512


class Epochs:
    """Iterable over the training batches of an epoch. Lightning sets the epoch, and saves and restores the position.

    No DataLoader, because it would draw from the global generator at every epoch. The last batch of an epoch may be
    smaller than the others.
    """

    def __init__(self, examples: Split | Stream, batch_size: int, seed: int) -> None:
        self.examples, self.batch_size, self.seed = examples, batch_size, seed
        self.sampler = self  # Lightning calls `sampler.set_epoch`
        self.epoch, self._skip, self._given = 0, 0, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-len(self.examples) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        first, self._skip = self._skip, 0
        for place, key in enumerate(self._keys()):
            if place >= first:
                self._given = place + 1
                yield self.examples[key]

    def _keys(self) -> Iterator[Any]:
        """Yields an index into the examples per batch: rows in memory, or (name of a random stream, number to draw)."""
        n = len(self.examples)
        if isinstance(self.examples, Split):
            yield from torch.randperm(n, generator=stream(self.seed, f"batches/{self.epoch}")).split(self.batch_size)
        else:
            for place, first in enumerate(range(0, n, self.batch_size)):
                yield f"train/{self.epoch}/{place}", min(self.batch_size, n - first)

    def state_dict(self) -> dict[str, int]:
        return {"given": self._given % len(self)}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self._skip = state["given"]


class Once:
    """Iterable over the batches of a validation split, in its own order."""

    def __init__(self, split: Split) -> None:
        self.split = split
        self.rows: tuple[Tensor, ...] = torch.arange(len(split)).split(VALIDATION_BATCH)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Batch]:
        return (self.split[rows] for rows in self.rows)


class InMemory(pl.LightningDataModule):
    """Lightning data module that serves a task's examples as time-major batches."""

    def __init__(self, data: Data, batch_size: int, seed: int) -> None:
        super().__init__()
        self.data, self.batch_size, self.seed = data, batch_size, seed

    def train_dataloader(self) -> Epochs:
        return Epochs(self.data.train, self.batch_size, self.seed)

    def val_dataloader(self) -> Once:
        return Once(self.data.val)

    def probe_batch(self, samples: int) -> Batch:
        """Returns at most `samples` validation examples, chosen by the seed alone."""
        order = torch.randperm(len(self.data.val), generator=stream(self.seed, "probe"))
        return self.data.val[order[:samples]]
