"""Trains a run with Lightning."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from unrolled.config.schema import Config
from unrolled.training.checkpoints import LAST
from unrolled.training.distributed import for_lightning
from unrolled.training.module import Diverged

from .components import Observers, Trained


@dataclass(frozen=True)
class Ending:
    """The end of a training.

    steps: number of updates.
    diverged: the error of a loss or gradient that is not finite; None: the training reached its limit.
    """

    steps: int
    diverged: Diverged | None


def fit(config: Config, trained: Trained, observers: Observers, folder: Path, *, resumed: bool) -> Ending:
    """Trains from step 0, or from `last.ckpt` if `resumed`.

    folder: of the run.
    Raises Interrupted on a signal, after the current step is finished and saved.
    """
    trainer, checkpoints = _trainer(config, observers, folder), observers.checkpoints
    last = str(checkpoints.folder / LAST) if resumed else None
    try:
        with checkpoints.signals:
            trainer.fit(trained.module, datamodule=trained.loaders, ckpt_path=last, weights_only=True)
    except Diverged as stop:
        checkpoints.save(trainer)
        return Ending(trainer.global_step, stop)
    if trainer.global_step == 0:  # callbacks save after an update, and there was none
        checkpoints.save(trainer)
    return Ending(trainer.global_step, None)


class NoHandlers:
    """Stands in for what handles signals in Lightning: its handler starts a collective call, in which a rank waits."""

    received_sigterm = False

    def register_signal_handlers(self) -> None: ...
    def teardown(self) -> None: ...


class Trainer(pl.Trainer):
    """Lightning's trainer, without its signal handlers: ours decide."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._signal_connector = NoHandlers()  # type: ignore[assignment]


def _trainer(config: Config, observers: Observers, folder: Path) -> pl.Trainer:
    t = config.trainer
    return Trainer(
        accelerator=t.accelerator,
        devices=t.devices,
        num_nodes=t.num_nodes,
        precision=f"{t.precision}-true",
        max_epochs=t.max_epochs,
        max_steps=-1 if t.max_steps is None else t.max_steps,
        gradient_clip_val=t.gradient_clip_val,
        callbacks=observers.callbacks(),
        logger=False,
        default_root_dir=folder,
        enable_progress_bar=observers.progress is not None,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        **for_lightning(config),
    )
