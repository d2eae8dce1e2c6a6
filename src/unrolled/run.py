"""One run, from configuration to result."""

import logging
import shutil
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint

from unrolled.config import Config, plain
from unrolled.errors import Interrupted
from unrolled.place import Place
from unrolled.tasks import task
from unrolled.tasks.data import Data
from unrolled.tracking import status
from unrolled.tracking.outcome import for_summary, gradient_results, opening, times
from unrolled.tracking.recorder import Recorder
from unrolled.tracking.summary import print_summary
from unrolled.tracking.weights_and_biases import NullTracker, Tracker, open_tracker
from unrolled.training.callbacks import PARAMETERS, Probe, Progress, Scalars
from unrolled.training.data import InMemory, validation_loader
from unrolled.training.module import Classifier, Diverged, evaluate, to_device
from unrolled.training.probe import Births, births

MONITOR = "val/accuracy"


def run(config: Config, place: Place) -> dict[str, Any]:
    """Trains, records and judges one network; returns its status.

    Nothing is lost: whatever ends it early leaves `status.json` with the reason and everything recorded up to then.
    Raises Interrupted on a signal, and whatever went wrong otherwise, after recording it.
    """
    quiet()
    values, started = plain(config), time.time()
    status.write(place.folder, opening(values, place, started))
    tracker: Tracker = NullTracker()
    result: dict[str, Any] = {}
    try:
        tracker = open_tracker(config, values, place)
        status.update(place.folder, wandb=tracker.link(place.folder))
        result = _Run(config, values, place, tracker).execute()
    except Interrupted as signal:
        result = {"state": "interrupted", "error": str(signal)}
        raise
    except BaseException as error:
        first_line = (str(error).splitlines() or [""])[0]
        result = {"state": "failed", "error": f"{type(error).__name__}: {first_line}"}
        (place.folder / "traceback.txt").write_text(traceback.format_exc(), encoding="utf-8")
        raise
    finally:
        status.update(place.folder, **result, **times(started))
        tracker.finish(exit_code=0 if result.get("state") in status.RESULTS else 1)
    ended = status.read(place.folder)
    print_summary(ended, place.folder, place.name)
    return ended


class _Run:
    """The parts of one run, and the order in which they are used."""

    def __init__(self, config: Config, values: dict[str, Any], place: Place, tracker: Tracker) -> None:
        torch.set_num_threads(1)  # two threads on matrices this small are slower than one
        pl.seed_everything(config.seed, workers=True, verbose=False)
        self.config, self.values, self.tracker = config, values, tracker
        self.checkpoints = place.folder / "checkpoints"
        self.data: Data = task(config.task.name).load(config.task, config.seed)
        self.module = Classifier(values, len(self.data.vocabulary), len(self.data.classes))
        self.loaders = InMemory(self.data, config.trainer.batch_size, config.seed)
        names = list(PARAMETERS.values())
        self.recorder = Recorder(place.folder, tracker, config.task.length, names, list(self.data.baseline))
        self.device = {"cpu": "cpu", "gpu": "cuda"}[config.trainer.accelerator.name]
        self.probe_batch = to_device(self.loaders.probe_batch(config.probe.samples), self.device)
        fixed = self.probe_batch if config.probe.source.name == "validation" else None
        self.probe = Probe(self.recorder, config.probe.every, fixed) if config.probe.name.name != "off" else None
        self.best = ModelCheckpoint(
            self.checkpoints,
            filename="best",
            monitor=MONITOR,
            mode="max",
            auto_insert_metric_name=False,
            enable_version_counter=False,
            save_on_train_epoch_end=False,
        )
        self.trainer = self._trainer(place.folder)

    def execute(self) -> dict[str, Any]:
        try:
            born = self._births()
            diverged = self._fit()
            return self._result(born, diverged)
        finally:
            self.recorder.close()

    def _births(self) -> Births:
        if self.probe is None:
            return Births([])
        born = births(self.values, self.module.network, self.module.loss, to_device(self.probe_batch, "cpu"))
        self.recorder.births(born)
        return born

    def _fit(self) -> Diverged | None:
        try:
            self.trainer.fit(self.module, datamodule=self.loaders)
        except Diverged as stop:
            return stop
        finally:
            self.trainer.save_checkpoint(self.checkpoints / "last.ckpt")
        return None

    def _result(self, born: Births, diverged: Diverged | None) -> dict[str, Any]:
        step, module = self.trainer.global_step, self.module.to(self.device)
        gradients = {}
        if self.probe is not None:
            self.probe.last(step, module, self.probe_batch)
            gradients = gradient_results(self.probe.first, self.probe.latest, born)
        metrics = evaluate(module, self.loaders.val_dataloader())
        self.recorder.row(step, metrics)
        if self.best.best_model_score is None or metrics[MONITOR] > self.best.best_model_score:
            shutil.copyfile(self.checkpoints / "last.ckpt", self.checkpoints / "best.ckpt")
        references = dict(self.data.references)
        for name, split in self.data.variants.items():
            scored = evaluate(module, validation_loader(split))
            references[f"this network, {name}"] = {k: scored[k] for k in self.data.baseline}
        result = {
            "state": "diverged" if diverged else "completed",
            "error": str(diverged) if diverged else None,
            "steps": step,
            **gradients,
            "metrics": metrics,
            "baseline": self.data.baseline,
            "references": references,
        }
        self.tracker.summary({**metrics, **for_summary(result)})
        return result

    def _trainer(self, folder: Path) -> pl.Trainer:
        t = self.config.trainer
        progress = t.progress and sys.stdout.isatty()
        callbacks = [
            self.probe,
            Scalars(self.recorder, t.log_every_n_steps),
            self.best,
            Progress() if progress else None,
        ]
        return pl.Trainer(
            accelerator=t.accelerator.name,
            devices=t.devices,
            precision=f"{t.precision}-true",  # type: ignore[arg-type]
            max_epochs=t.max_epochs,
            max_steps=-1 if t.max_steps is None else t.max_steps,
            gradient_clip_val=t.gradient_clip_val,
            callbacks=[callback for callback in callbacks if callback is not None],
            logger=False,
            default_root_dir=folder,
            enable_progress_bar=progress,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )


def quiet() -> None:
    """Lightning's advice on worker processes is for data on disk; its own use of torch is its own affair."""
    for library in ("pytorch_lightning", "lightning.pytorch", "matplotlib"):
        logging.getLogger(library).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    warnings.filterwarnings("ignore", message=".*treespec, LeafSpec.*", module="pytorch_lightning.*")
