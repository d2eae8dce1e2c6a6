"""Exact resume: a run resumed from `last.ckpt` reproduces the uninterrupted run bit for bit."""

import random
import time
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytorch_lightning as pl
import torch

from unrolled.processes.signals import Deferred
from unrolled.record.files import put_in_place, sync

LAST = "last.ckpt"
BEST = "best.ckpt"


class Recorder(Protocol):
    """Interface of the recorder whose state a checkpoint holds."""

    def state(self) -> dict[str, Any]: ...
    def sync(self) -> None: ...


class Checkpoints(pl.Callback):
    """Saves `last.ckpt` between two steps, where all state agrees: every `every_s` seconds, at the end, on a signal.

    It must be the last callback, because what the others record of a step belongs to that step.
    signals: defers a signal until the step is done; then Interrupted is raised.
    """

    def __init__(self, folder: Path, recorder: Recorder, every_s: float, signals: Deferred) -> None:
        self.folder, self.recorder, self.every_s, self.signals = folder, recorder, every_s, signals
        self._generators: dict[str, Any] | None = None
        self._saved_at = time.monotonic()

    def state_dict(self) -> dict[str, Any]:
        return {"recorder": self.recorder.state(), "generators": generators()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._generators = state_dict["generators"]

    def on_save_checkpoint(self, trainer, pl_module, checkpoint: dict[str, Any]) -> None:
        """Corrects counters that Lightning saves at the end of an epoch: it would take the next epoch for done."""
        loops = checkpoint["loops"]["fit_loop"]
        epochs = loops["epoch_progress"]
        if epochs["current"]["processed"] == epochs["current"]["started"]:
            for counts in epochs.values():
                counts["completed"] = counts["processed"]
            for loop in ("epoch_loop", "epoch_loop.val_loop"):
                progress = loops[f"{loop}.batch_progress"]
                progress |= {"current": dict.fromkeys(progress["current"], 0), "is_last_batch": False}

    def on_load_checkpoint(self, trainer, pl_module, checkpoint: dict[str, Any]) -> None:
        """Corrects the paths of the best checkpoint, because the folder may have been moved since it was saved."""
        for state in checkpoint["callbacks"].values():
            if "best_model_path" in state:
                state |= {"dirpath": str(self.folder), "best_k_models": _here(self.folder, state["best_k_models"])}
                for key in ("best_model_path", "kth_best_model_path", "last_model_path"):
                    state[key] = next(iter(_here(self.folder, {state[key]: 0})))

    def on_train_start(self, trainer, pl_module) -> None:
        if self._generators is not None:
            restore_generators(self._generators)
        self.signals.listen()

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx: int) -> None:
        if not trainer.is_last_batch:  # else validation, which belongs to the epoch, comes first
            self._between_steps(trainer, ending=trainer.global_step == trainer.max_steps)

    def on_train_epoch_end(self, trainer, pl_module) -> None:
        if trainer.is_last_batch:  # else max_steps was reached within the epoch, and all is saved
            last_epoch = trainer.current_epoch + 1 == trainer.max_epochs or trainer.should_stop
            self._between_steps(trainer, ending=last_epoch or trainer.global_step == trainer.max_steps)

    def _between_steps(self, trainer: pl.Trainer, ending: bool) -> None:
        signalled = self.signals.received is not None
        due = time.monotonic() - self._saved_at > self.every_s
        if trainer.world_size > 1:  # saving is done together, so all must want it
            wanted = torch.tensor([signalled, due], dtype=torch.float32, device=pl_device(trainer))
            signalled, due = (bool(w) for w in trainer.strategy.reduce(wanted, reduce_op="max"))  # type: ignore[union-attr]
        if signalled or due or ending:
            self.save(trainer)
        if signalled:
            self.signals.stop()

    def save(self, trainer: pl.Trainer) -> None:
        """Replaces the checkpoint by a complete one; a process that is killed meanwhile leaves the earlier one."""
        draft = self.folder / f"{LAST}.part"
        with self.signals.protected():
            trainer.save_checkpoint(draft)
            if trainer.is_global_zero:
                self._sync_what_it_counts_on()
                put_in_place(draft, self.folder / LAST)
        self._saved_at = time.monotonic()

    def _sync_what_it_counts_on(self) -> None:
        """Returns once the rows and the best checkpoint that this checkpoint refers to are on the disk."""
        self.recorder.sync()
        if (self.folder / BEST).is_file():
            sync(self.folder / BEST)


def _here(folder: Path, paths: dict[str, Any]) -> dict[str, Any]:
    return {str(folder / Path(path).name) if path else path: value for path, value in paths.items()}


def pl_device(trainer: pl.Trainer) -> torch.device:
    return trainer.strategy.root_device


def generators() -> dict[str, Any]:
    """Returns the state of every global random generator as plain values: a user's own task may draw from one."""
    name, keys, *rest = np.random.get_state(legacy=True)
    state = {"torch": torch.get_rng_state(), "python": random.getstate(), "numpy": [name, keys.tolist(), *rest]}  # type: ignore[union-attr]
    if torch.cuda.is_initialized():
        state["cuda"] = torch.cuda.get_rng_state_all()
    return state


def restore_generators(state: dict[str, Any]) -> None:
    torch.set_rng_state(state["torch"])
    random.setstate(state["python"])
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), *rest))
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda"])
