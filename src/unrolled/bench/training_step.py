"""Time of a training step on the default task: Lightning with probes on and off, against a bare loop."""

import tempfile
import time
from pathlib import Path
from statistics import median

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from rich.table import Table

from unrolled.config.schema import Config
from unrolled.run.lifecycle import quiet
from unrolled.run.preflight import compose
from unrolled.run.recorder import Recorder
from unrolled.tasks import load
from unrolled.tasks.data import Data, mean_loss
from unrolled.training.callbacks import Probe, Scalars, label
from unrolled.training.data import InMemory
from unrolled.training.module import RecurrentModule
from unrolled.wandb_runs.tracker import NullTracker

STEPS = 300


def table(rounds: int) -> Table:
    quiet()
    torch.set_num_threads(1)
    config = compose([])
    data = load(config.task, config.seed)
    ways = {"bare loop": _bare, "Lightning, probes off": _off, "Lightning, default probes": _on}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            times[name].append(way(config, data) / STEPS * 1e3)
    made = Table(title=f"Training step, default configuration, ms (medians of {rounds} rounds of {STEPS} steps)")
    for column in ("way", "ms a step", "above the bare loop, ms", "to probes off"):
        made.add_column(column, justify="right")
    for name in ways:
        above = median(a - b for a, b in zip(times[name], times["bare loop"], strict=True))
        ratio = median(a / b for a, b in zip(times[name], times["Lightning, probes off"], strict=True))
        made.add_row(name, f"{median(times[name]):z.2f}", f"{above:+z.2f}", f"{ratio - 1:+.1%}")
    return made


def _parts(config: Config, data: Data) -> tuple[RecurrentModule, InMemory]:
    return RecurrentModule(config, data.spec), InMemory(data, config.trainer.batch_size, config.seed)


def _bare(config: Config, data: Data) -> float:
    """Times the same forward pass, loss, backward pass and optimizer in a plain loop."""
    module, loaders = _parts(config, data)
    optimizer, loader, done = module.configure_optimizers(), loaders.train_dataloader(), 0
    start = time.perf_counter()
    while done < STEPS:
        for batch in loader:
            optimizer.zero_grad()
            mean_loss(module.loss(module.network(batch), batch.y), batch).backward()
            optimizer.step()
            done += 1
            if done == STEPS:
                break
    return time.perf_counter() - start


def _off(config: Config, data: Data) -> float:
    return _lightning(config, data, probes=False)


def _on(config: Config, data: Data) -> float:
    return _lightning(config, data, probes=True)


class _Clock(pl.Callback):
    """Measures from the first batch to the last; validation and start-up are not part of a step."""

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx: int) -> None:
        if trainer.global_step == 0:
            self.start = time.perf_counter()

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx: int) -> None:
        self.seconds = time.perf_counter() - self.start


def _lightning(config: Config, data: Data, probes: bool) -> float:
    module, loaders = _parts(config, data)
    with tempfile.TemporaryDirectory() as folder:
        assert config.task.length is not None
        names = [label(name) for name, _ in module.network.named_parameters()]
        recorder = Recorder(Path(folder), NullTracker(), {"rnn": config.task.length}, names, [])
        clock = _Clock()
        callbacks: list[pl.Callback] = [clock, Scalars(recorder, config.trainer.log_every_n_steps)]
        if probes:
            batch = loaders.probe_batch(config.probe.samples)
            callbacks.insert(1, Probe(recorder, config.probe.every, batch))
        trainer = pl.Trainer(
            accelerator="cpu", max_steps=STEPS, callbacks=callbacks, logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0, limit_val_batches=0,
            plugins=LightningEnvironment(),
        )  # fmt: skip
        trainer.fit(module, datamodule=loaders)
        return clock.seconds
