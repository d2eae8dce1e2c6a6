"""One run, from configuration to result."""

import contextlib
import logging
import shutil
import sys
import time
import traceback
import warnings
from pathlib import Path
from statistics import median
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.environments import LightningEnvironment
from pytorch_lightning.callbacks import ModelCheckpoint

from unrolled.config import Config, fingerprint, plain
from unrolled.errors import Deferred, Interrupted, UserError
from unrolled.fit import check_embedding, check_loss
from unrolled.place import Place
from unrolled.resume import CHECKPOINTS, recorder_state, saved, start_anew
from unrolled.rnn import PATTERNS, Embedding
from unrolled.rnn.init import stream
from unrolled.tasks import load
from unrolled.tasks.data import Data, Split, baseline_scores, score
from unrolled.tracking import status
from unrolled.tracking.outcome import for_summary, gradient_results, opening, times
from unrolled.tracking.recorder import Recorder
from unrolled.tracking.summary import print_summary
from unrolled.tracking.tables import write_words
from unrolled.tracking.weights_and_biases import NullTracker, Tracker, open_tracker
from unrolled.training.callbacks import Probe, Progress, Scalars, Solved, label
from unrolled.training.checkpoints import LAST, Checkpoints
from unrolled.training.data import InMemory, Once
from unrolled.training.module import READ, Diverged, RecurrentModule, evaluate, to_device
from unrolled.training.neighbours import Pair, pairs_of
from unrolled.training.probe import Births, births
from unrolled.training.walkthrough import Walkthrough
from unrolled.training.word_vectors import known_vectors

TRAINING_SCORED = 1000  # training examples on which the trained network is scored


def run(config: Config, place: Place) -> dict[str, Any]:
    """Trains, records and judges one network; returns its status.

    With `resume=true` it goes on from where the run in its folder was stopped, to the numbers it would have had.
    Nothing is lost: whatever ends it early leaves `status.json` with the reason and everything recorded up to then.
    Raises Interrupted on a signal, and whatever went wrong otherwise, after recording it.
    """
    quiet()
    values, started = plain(config) | {"resume": False}, time.time()
    before = status.read(place.folder) if config.resume else {}
    if before.get("state") in status.RESULTS and before["fingerprint"] == fingerprint(values):
        print(f"{place.folder} has its result already: {before['state']} after {before['steps']} steps")
        return before
    checkpoint = saved(place.folder) if config.resume else None
    if checkpoint is None:
        start_anew(place.folder)
    else:
        print(f"resumed after {checkpoint['global_step']} steps")
    status.write(place.folder, opening(values, place, started))
    tracker: Tracker = NullTracker()
    result: dict[str, Any] = {}
    try:
        tracker = open_tracker(config, values, place, before.get("wandb"))
        status.update(place.folder, wandb=tracker.link(place.folder))
        result = _Run(config, values, place, tracker, checkpoint).execute()
    except Interrupted as signal:
        result = {"state": "interrupted", "error": str(signal)}
        raise
    except BaseException as error:
        first_line = (str(error).splitlines() or [""])[0]
        result = {"state": "failed", "error": f"{type(error).__name__}: {first_line}"}
        with contextlib.suppress(OSError):  # a full disk may be what went wrong
            (place.folder / "traceback.txt").write_text(traceback.format_exc(), encoding="utf-8")
        raise
    finally:
        try:
            status.update(place.folder, **result, **times(started))
        finally:
            tracker.finish(exit_code=0 if result.get("state") in status.RESULTS else 1)
    ended = status.read(place.folder)
    print_summary(ended, place.folder, place.name)
    return ended


class _Run:
    """The parts of one run, and the order in which they are used."""

    def __init__(
        self,
        config: Config,
        values: dict[str, Any],
        place: Place,
        tracker: Tracker,
        checkpoint: dict[str, Any] | None,
    ) -> None:
        torch.set_num_threads(1)  # two threads on matrices this small are slower than one
        pl.seed_everything(config.seed, workers=True, verbose=False)
        self.config, self.values, self.tracker = config, values, tracker
        self.folder, self.checkpoints = place.folder, place.folder / CHECKPOINTS
        self.resumed = checkpoint is not None
        self.data: Data = load(config.task, config.seed)
        check_data(config, self.data)
        known = known_vectors(config.embedding, self.data.vectors, self._embedded())
        self.vectors, self.coverage = (known.rows, known.values), known.coverage
        values["embedding"]["dim"] = known.size
        self.scores = self.data.scores()
        self.module = RecurrentModule(values, self.data.spec, self.scores, self.vectors)
        if config.trainer.precision == 64:
            self.module.double()  # Lightning would do so after it has loaded a checkpoint: in half the bits
        self.loaders = InMemory(self.data, config.trainer.batch_size, config.seed)
        self.device = {"cpu": "cpu", "gpu": "cuda"}[config.trainer.accelerator.name]
        self.probe_batch = to_device(self.loaders.probe_batch(config.probe.samples), self.device)
        self.baseline = baseline_scores(self.data, self.module.loss, config.loss.name.name)
        steps = [len(mask) for mask in self.module.network.masks(self.probe_batch)]
        names = [label(name) for name, p in self.module.network.named_parameters() if p.requires_grad]
        scored = ["val/loss", *(f"val/{name}" for name in self.scores.metrics)]
        state = recorder_state(checkpoint) if checkpoint else None
        self.recorder = Recorder(place.folder, tracker, steps, names, scored, state=state)
        fixed = self.probe_batch if config.probe.source.name == "validation" else None
        self.probe = Probe(self.recorder, config.probe.every, fixed) if config.probe.name.name != "off" else None
        self.scalars = Scalars(self.recorder, config.trainer.log_every_n_steps)
        self.solved = Solved(*self.data.solved, self.scores.larger) if self.data.solved else None
        self.words = self._words()
        self.monitor = f"val/{self.scores.main}"
        self.best = ModelCheckpoint(
            self.checkpoints,
            filename="best",
            monitor=self.monitor,
            mode="max" if self.scores.larger else "min",
            auto_insert_metric_name=False,
            enable_version_counter=False,
            save_on_train_epoch_end=False,
        )
        self.signals = Deferred()
        self.saving = Checkpoints(self.checkpoints, self.recorder, config.trainer.checkpoint_every_s, self.signals)
        self.trainer = self._trainer(place.folder)

    def _embedded(self) -> list[str]:
        """The tokens behind the rows of the embedding; none where numbers are read."""
        tokens = self.data.answers if self.data.pattern == "vector_to_sequence" else self.data.reads
        return tokens if isinstance(tokens, list) else []

    def _words(self) -> list[Pair]:
        """What the embedding of what is read makes of the task's pairs of words, now."""
        front = self.module.network.get_submodule(READ[self.data.pattern])
        return pairs_of(self.data.pairs, self._embedded(), front.weight) if isinstance(front, Embedding) else []

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
        batch = to_device(self.probe_batch, "cpu")
        born = births(self.values, self.data.spec, self.module.loss, batch, self.vectors)
        if not self.resumed:
            self.recorder.births(born)
        return born

    def _fit(self) -> Diverged | None:
        last = str(self.checkpoints / LAST) if self.resumed else None
        try:
            with self.signals:
                self.trainer.fit(self.module, datamodule=self.loaders, ckpt_path=last, weights_only=True)
        except Diverged as stop:
            self.saving.save(self.trainer)
            return stop
        if self.trainer.global_step == 0:
            self.saving.save(self.trainer)
        return None

    def _result(self, born: Births, diverged: Diverged | None) -> dict[str, Any]:
        step, module = self.trainer.global_step, self.module.to(self.device)
        gradients = {}
        if self.probe is not None:
            self.probe.last(step, module, self.probe_batch)
            gradients = gradient_results(self.probe.first, self.probe.latest, born)
        metrics = evaluate(module, self.loaders.val_dataloader())
        self.recorder.row(step, metrics)
        if self._better(metrics[self.monitor]):
            shutil.copyfile(self.checkpoints / LAST, self.checkpoints / "best.ckpt")
        write_words(self.folder, self.words, self._words())
        result = {
            "state": "diverged" if diverged else "completed",
            "error": str(diverged) if diverged else None,
            "steps": step,
            **gradients,
            "metrics": metrics,
            "train": self._on_training_examples(),
            "baseline": self.baseline,
            "baseline_name": self.data.baseline_name,
            "references": self._references(),
            "score": self.monitor,
            "larger_is_better": self.scores.larger,
            "solved": self._solved(),
            "roughness": self.scalars.roughness,
            "seconds_per_update": median(self.scalars.seconds) if self.scalars.seconds else None,
            "coverage": self.coverage,
            "remark": self.data.remark,
        }
        self.tracker.summary({**metrics, **for_summary(result)})
        return result

    def _better(self, value: float) -> bool:
        """Than the best validation so far."""
        best = self.best.best_model_score
        return best is None or bool(value > best if self.scores.larger else value < best)

    def _on_training_examples(self) -> dict[str, float]:
        """The scores on examples that were trained on; there are none where every example is new."""
        train = self.data.train
        if not isinstance(train, Split):
            return {}
        order = torch.randperm(len(train), generator=stream(self.config.seed, "scored"))[:TRAINING_SCORED]
        found = evaluate(self.module, [train[order]])
        return {name.removeprefix("val/"): value for name, value in found.items()}

    def _references(self) -> dict[str, dict[str, float]]:
        found = {}
        for name, guess in self.data.references.items():
            seconds = {} if guess.seconds is None else {"seconds": guess.seconds}
            found[name] = score(guess, self.data, self.module.loss) | seconds
        for name, split in self.data.variants.items():
            found[f"this network, {name}"] = evaluate(self.module, Once(split))
        return found

    def _solved(self) -> dict[str, Any] | None:
        """From which update on the task counted as solved; null: not within the updates that it was given."""
        if self.solved is None:
            return None
        return {"score": self.solved.score, "value": self.solved.value, "at": self.solved.at}

    def _trainer(self, folder: Path) -> pl.Trainer:
        t = self.config.trainer
        progress = t.progress and sys.stdout.isatty()
        callbacks = [
            self.probe,
            self.scalars,
            self.solved,
            self.best,
            Walkthrough(self.data) if self.config.probe.walkthrough else None,
            Progress(self.scores.main) if progress else None,
            self.saving,
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
            plugins=LightningEnvironment(),  # said, or Lightning looks around for a cluster and warns of one
        )


def check_data(config: Config, data: Data) -> None:
    """Raises UserError for what a task of the user's own shows only once it is loaded."""
    if data.pattern not in PATTERNS:
        raise UserError(f"pattern {data.pattern!r} of task={config.task.name}: allowed: {', '.join(PATTERNS)}")
    check_loss(config.loss.name.name, config.task.name, "classes" if isinstance(data.answers, list) else "numbers")
    tokens = isinstance(data.reads, list) or data.pattern == "vector_to_sequence"
    check_embedding(config.embedding.name, config.task.name, "tokens" if tokens else "numbers")


def quiet() -> None:
    """Lightning's advice on worker processes is for data on disk; its own use of torch is its own affair."""
    for library in ("pytorch_lightning", "lightning.pytorch", "matplotlib"):
        logging.getLogger(library).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    warnings.filterwarnings("ignore", message="The `srun` command is available.*")  # our launchers know when to use it
    warnings.filterwarnings("ignore", message="Checkpoint directory .* exists and is not empty")  # a run resumed
    warnings.filterwarnings("ignore", message=".*treespec, LeafSpec.*", module="pytorch_lightning.*")
