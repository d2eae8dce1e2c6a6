"""Connects the ranks of a run, and configures Lightning for them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from pytorch_lightning.strategies import DDPStrategy
from torch import distributed
from torch.distributed.distributed_c10d import Store
from torch.distributed.rendezvous import rendezvous

from unrolled.config.schema import Config
from unrolled.processes.ranks import Rank, world_of

MEETING_S = 60.0
_BACKENDS = {"cpu": "gloo", "gpu": "nccl"}


def for_lightning(config: Config) -> dict[str, Any]:
    """Returns the arguments of Lightning's Trainer about ranks, which our launchers or torchrun start.

    They keep Lightning from detecting a cluster by itself.
    """
    if world_of(config) == 1:
        return {"plugins": LightningEnvironment()}
    backend = _BACKENDS[config.trainer.accelerator]
    return {"plugins": TorchElasticEnvironment(), "strategy": DDPStrategy(process_group_backend=backend)}


@contextmanager
def together(config: Config, rank: Rank) -> Iterator[None]:
    """Opens the process group of the run's ranks for the block; does nothing for a single rank.

    Raises ConnectionError, with the address, if the ranks do not connect within MEETING_S seconds.
    """
    if rank.world == 1:
        yield
        return
    kind = config.trainer.accelerator
    if kind == "gpu":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group(_BACKENDS[kind], store=_meet(rank), rank=rank.number, world_size=rank.world)
    try:
        yield
    finally:
        distributed.destroy_process_group()


def _meet(rank: Rank) -> Store:
    """Returns the store of all ranks at the address in the environment. After this meeting torch's timeouts apply."""
    try:
        store, _, _ = next(iter(rendezvous("env://", timeout=timedelta(seconds=MEETING_S))))
    except distributed.DistError as error:
        where = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
        raise ConnectionError(
            f"rank {rank.number} of {rank.world} did not meet the others at {where} within {MEETING_S:g} s"
        ) from error
    store.set_timeout(distributed.default_pg_timeout)
    return store


def from_the_leader(rank: Rank, value: Any) -> Any:
    """Returns the first rank's value on every rank. Every rank must call it; only the first one's `value` counts."""
    if rank.world == 1:
        return value
    box = [value]
    distributed.broadcast_object_list(box, src=0)
    return box[0]
