"""One run, from configuration to result."""

import logging
import os
import shutil
import subprocess
import time
import traceback
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint

from unrolled.config import Config, fingerprint, plain
from unrolled.errors import Interrupted
from unrolled.paths import CHECKOUT
from unrolled.place import Place
from unrolled.tasks import task
from unrolled.tasks.data import Data
from unrolled.tracking import status
from unrolled.tracking.recorder import Recorder
from unrolled.tracking.summary import print_summary
from unrolled.tracking.weights_and_biases import NullTracker, Tracker, WandbTracker, reachable
from unrolled.training.callbacks import Probe, Progress, Scalars
from unrolled.training.data import InMemory, validation_loader
from unrolled.training.module import Classifier, Diverged, evaluate
from unrolled.training.probe import Births, births

CHECKPOINTS = "checkpoints"
MONITOR = "val/accuracy"


def run(config: Config, place: Place) -> dict[str, Any]:
    """Trains, records and judges one network; returns its status.

    Nothing is lost: whatever ends it early leaves `status.json` with the reason and everything recorded up to then.
    Raises Interrupted on a signal, and whatever went wrong otherwise, after recording it.
    """
    _quiet()
    values = plain(config)
    started = time.time()
    status.write(place.folder, _opening(values, place, started))
    tracker = _tracker(config, values, place)
    exit_code = 1
    try:
        status.update(place.folder, wandb=_relative(tracker.where(), place.folder))
        result = _Run(config, values, place, tracker).execute()
        exit_code = 0
    except Interrupted as signal:
        result = {"state": "interrupted", "error": str(signal)}
        raise
    except BaseException as error:
        result = {"state": "failed", "error": f"{type(error).__name__}: {_first_line(error)}"}
        (place.folder / "traceback.txt").write_text(traceback.format_exc(), encoding="utf-8")
        raise
    finally:
        status.update(place.folder, **result, **_times(started))
        tracker.finish(exit_code)
    ended = status.read(place.folder)
    print_summary(ended, place.folder, place.name)
    return ended


class _Run:
    """The parts of one run, and the order in which they are used."""

    def __init__(self, config: Config, values: dict[str, Any], place: Place, tracker: Tracker) -> None:
        torch.set_num_threads(1)  # two threads on matrices this small are slower than one
        pl.seed_everything(config.seed, workers=True, verbose=False)
        self.config, self.values, self.folder, self.tracker = config, values, place.folder, tracker
        self.data: Data = task(config.task.name).load(config.task, config.seed)
        self.module = Classifier(values, len(self.data.vocabulary), len(self.data.classes))
        self.loaders = InMemory(self.data, config.trainer.batch_size, config.seed)
        names = ["W_x", "W_h", "b", "embedding", "W_o", "b_o"]
        scores = ["val/loss", *self.data.baseline]
        self.recorder = Recorder(place.folder, tracker, config.task.length, names, scores)
        batch = self.loaders.probe_batch(config.probe.samples)
        self.probe_batch = tuple(part.to(self._device()) for part in batch)
        fixed = self.probe_batch if config.probe.source.name == "validation" else None
        self.probe = Probe(self.recorder, config.probe.every, fixed)
        self.best = ModelCheckpoint(
            place.folder / CHECKPOINTS,
            filename="best",
            monitor=MONITOR,
            mode="max",
            auto_insert_metric_name=False,
            enable_version_counter=False,
        )
        self.trainer = self._trainer()

    def execute(self) -> dict[str, Any]:
        born = Births([])
        if self._probes:
            born = births(self.values, self.module.network, self.module.loss, self.loaders.probe_batch(self.config.probe.samples))
            self.recorder.births(born)
        diverged = None
        try:
            self.trainer.fit(self.module, datamodule=self.loaders)
        except Diverged as stop:
            diverged = stop
        except Interrupted:
            self._save()
            self.recorder.close()
            raise
        return self._result(born, diverged)

    @property
    def _probes(self) -> bool:
        return self.config.probe.name.name != "off"

    def _device(self) -> str:
        return "cuda" if self.config.trainer.accelerator.name == "gpu" else "cpu"

    def _trainer(self) -> pl.Trainer:
        t = self.config.trainer
        callbacks: list[pl.Callback] = [Scalars(self.recorder, t.log_every_n_steps), self.best]
        if self._probes:
            callbacks.insert(0, self.probe)
        if t.progress:
            callbacks.append(Progress())
        return pl.Trainer(
            accelerator=t.accelerator.name,
            devices=t.devices,
            precision=f"{t.precision}-true",  # type: ignore[arg-type]
            max_epochs=t.max_epochs,
            max_steps=-1 if t.max_steps is None else t.max_steps,
            gradient_clip_val=t.gradient_clip_val,
            callbacks=callbacks,
            logger=False,
            default_root_dir=self.folder,
            enable_progress_bar=t.progress,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )

    def _save(self) -> None:
        self.trainer.save_checkpoint(self.folder / CHECKPOINTS / "last.ckpt")

    def _result(self, born: Births, diverged: Diverged | None) -> dict[str, Any]:
        step, module = self.trainer.global_step, self.module
        module.to(self._device())
        if self._probes:
            self.probe.last(step, module, self.probe_batch)
        metrics = evaluate(module, self.loaders.val_dataloader())
        self.recorder.row(step, metrics)
        references = dict(self.data.references)
        for name, split in self.data.variants.items():
            scored = evaluate(module, validation_loader(split))
            references[f"this network, {name}"] = {k: scored[k] for k in self.data.baseline}
        self._save()
        if self.best.best_model_score is None or metrics[MONITOR] > self.best.best_model_score:
            shutil.copyfile(self.folder / CHECKPOINTS / "last.ckpt", self.folder / CHECKPOINTS / "best.ckpt")
        self.recorder.close()
        result = {
            "state": "diverged" if diverged else "completed",
            "error": str(diverged) if diverged else None,
            "steps": step,
            **self._gradients(born),
            "metrics": metrics,
            "baseline": self.data.baseline,
            "references": references,
        }
        self.tracker.summary({**metrics, **_flat(result)})
        return result

    def _gradients(self, born: Births) -> dict[str, Any]:
        first, last = self.probe.first, self.probe.latest
        if first is None or last is None:
            return {}
        start, end = first.diagnosis, last.diagnosis
        slopes = torch.tensor(born.slopes, dtype=torch.float64)
        several = len(slopes) > 1
        return {
            "regime_start": start.regime,
            "regime": end.regime,
            "regime_reason": end.reason,
            "slope_start": start.slope.mean if start.slope else None,
            "slope": end.slope.mean if end.slope else None,
            "slope_error": end.slope.error if end.slope else None,
            "horizon": end.horizon.lag,
            "horizon_direction": end.horizon.direction,
            "horizon_extrapolated": end.extrapolated_horizon,
            "flushed_to_zero": int(last.profile.zeros.nansum()),
            "births": {
                "n": len(born.diagnoses),
                "slope_mean": float(slopes.mean()) if len(slopes) else None,
                "slope_sd": float(slopes.std()) if several else None,
                "regimes": born.regimes,
                "slopes": born.slopes,
            },
        }


def _opening(values: dict[str, Any], place: Place, started: float) -> dict[str, Any]:
    return {
        "state": "running",
        "name": place.name,
        "axes": place.axes,
        "choices": place.choices,
        "fingerprint": fingerprint(values),
        "git": _git(),
        "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
    }


def _times(started: float) -> dict[str, Any]:
    ended = datetime.now(UTC).isoformat(timespec="seconds")
    return {"ended": ended, "duration_s": round(time.time() - started, 3)}


def _tracker(config: Config, values: dict[str, Any], place: Place) -> Tracker:
    mode = config.tracker.mode.name
    if mode == "disabled":
        return NullTracker()
    if mode == "online" and not reachable():
        print("unrolled: W&B does not answer; recording offline (`wandb sync` uploads it later)")
        mode = "offline"
    tracker = WandbTracker(
        folder=place.sweep or place.folder,
        mode=mode,
        project=config.tracker.project,
        group=f"{place.sweep.parent.name}/{place.sweep.name}" if place.sweep else None,
        name=place.name,
        tags=[config.task.name, config.activation.name],
        config={**values, "choices": place.choices, "cell": place.cell},
    )
    return tracker


def _relative(where: dict[str, str] | None, folder: Path) -> dict[str, str] | None:
    """W&B's folder as seen from the run's, so that both can be moved together."""
    if where is None:
        return None
    return {**where, "folder": os.path.relpath(where["folder"], folder)}


def _git() -> dict[str, Any] | None:
    """Commit and whether the tree was changed since; None outside of a checkout."""

    def git(*words: str) -> str:
        command = ["git", "-C", str(CHECKOUT), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return None


def _flat(result: dict[str, Any]) -> dict[str, Any]:
    """What W&B's summary shows of a result."""
    keys = ("state", "regime", "regime_start", "slope", "slope_start", "horizon")
    flat = {key: result.get(key) for key in keys if result.get(key) is not None}
    return {**flat, **{f"baseline/{k}": v for k, v in result["baseline"].items()}}


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0]


def _quiet() -> None:
    """Lightning's advice is for data on disk and for several devices; ours are tensors on one."""
    for library in ("pytorch_lightning", "lightning.pytorch", "matplotlib"):
        logging.getLogger(library).setLevel(logging.WARNING)
    for words in ("does not have many workers", "`isinstance\\(treespec, LeafSpec\\)`"):
        warnings.filterwarnings("ignore", message=f".*{words}.*")
