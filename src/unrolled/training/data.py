"""The data module: tensors in memory, shuffled as a pure function of seed and epoch."""

from collections.abc import Iterator

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from unrolled.rnn import Batch
from unrolled.rnn.init import stream
from unrolled.tasks.data import Data, Split, Stream

VALIDATION_BATCH = 512


class EpochBatches(Sampler[Tensor]):
    """Index tensors of one epoch's batches; Lightning calls `set_epoch`. The last, smaller batch is kept."""

    def __init__(self, samples: int, batch_size: int, seed: int) -> None:
        self.samples, self.batch_size, self.seed, self.epoch = samples, batch_size, seed, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __iter__(self) -> Iterator[Tensor]:
        generator = stream(self.seed, f"batches/{self.epoch}")
        yield from torch.randperm(self.samples, generator=generator).split(self.batch_size)

    def __len__(self) -> int:
        return -(-self.samples // self.batch_size)


class FreshBatches(EpochBatches):
    """The same for examples that are made when they are needed: the names and sizes of one epoch's batches."""

    def __iter__(self) -> Iterator[tuple[str, int]]:  # type: ignore[override]
        for place, first in enumerate(range(0, self.samples, self.batch_size)):
            yield f"train/{self.epoch}/{place}", min(self.batch_size, self.samples - first)


def _loader(examples: Split | Stream, sampler) -> DataLoader:
    """Whole batches by key: no collation, no worker processes."""
    return DataLoader(examples, batch_size=None, sampler=sampler)  # type: ignore[arg-type]


class InMemory(pl.LightningDataModule):
    """The task's examples as batches, time-major."""

    def __init__(self, data: Data, batch_size: int, seed: int) -> None:
        super().__init__()
        self.data, self.batch_size, self.seed = data, batch_size, seed

    def train_dataloader(self) -> DataLoader:
        train = self.data.train
        kind = FreshBatches if isinstance(train, Stream) else EpochBatches
        return _loader(train, kind(len(train), self.batch_size, self.seed))

    def val_dataloader(self) -> DataLoader:
        return validation_loader(self.data.val)

    def probe_batch(self, samples: int) -> Batch:
        """A fixed batch of validation examples, the same for every run of this seed."""
        order = torch.randperm(len(self.data.val), generator=stream(self.seed, "probe"))
        return self.data.val[order[:samples]]


def validation_loader(split: Split) -> DataLoader:
    """The split in its own order."""
    return _loader(split, list(torch.arange(len(split)).split(VALIDATION_BATCH)))
