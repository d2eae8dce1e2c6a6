"""The data module: tensors in memory, shuffled as a pure function of seed and epoch."""

from collections.abc import Iterator

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from unrolled.rnn.init import stream
from unrolled.tasks.data import Data, Split

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


def _loader(split: Split, sampler) -> DataLoader:
    """Whole batches by index tensor: no collation, no worker processes."""
    return DataLoader(split, batch_size=None, sampler=sampler)  # type: ignore[arg-type]


class InMemory(pl.LightningDataModule):
    """Batches are (words (T, B), mask (T, B), label (B,)), time-major."""

    def __init__(self, data: Data, batch_size: int, seed: int) -> None:
        super().__init__()
        self.data, self.batch_size, self.seed = data, batch_size, seed

    def train_dataloader(self) -> DataLoader:
        return _loader(self.data.train, EpochBatches(len(self.data.train), self.batch_size, self.seed))

    def val_dataloader(self) -> DataLoader:
        return validation_loader(self.data.val)

    def probe_batch(self, samples: int) -> tuple[Tensor, Tensor, Tensor]:
        """A fixed batch of validation examples, the same for every run of this seed."""
        order = torch.randperm(len(self.data.val), generator=stream(self.seed, "probe"))
        return self.data.val[order[:samples]]


def validation_loader(split: Split) -> DataLoader:
    """The split in its own order."""
    return _loader(split, list(torch.arange(len(split)).split(VALIDATION_BATCH)))
