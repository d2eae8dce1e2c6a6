"""The parts of one run, and the order in which they are used."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint

from unrolled.config.compatibility import check_embedding, check_loss
from unrolled.config.identity import Place
from unrolled.config.schema import Config
from unrolled.errors import UserError
from unrolled.processes.ranks import Rank
from unrolled.processes.signals import Deferred
from unrolled.rnn import PATTERNS, Embedding
from unrolled.rnn.init import stream
from unrolled.tasks import load
from unrolled.tasks.data import Data, Split, baseline_name, baseline_scores, timed_score
from unrolled.training.callbacks import Probe, Progress, Scalars, label
from unrolled.training.checkpoints import LAST, Checkpoints
from unrolled.training.data import InMemory, Once
from unrolled.training.diagnoses import portraits_of
from unrolled.training.distributed import for_lightning
from unrolled.training.initialisations import Births, births
from unrolled.training.module import READ, Diverged, RecurrentModule, evaluate, to_device
from unrolled.training.neighbours import Pair, pairs_of
from unrolled.training.solved import Solved
from unrolled.training.walkthrough import Walkthrough
from unrolled.training.word_vectors import known_vectors
from unrolled.wandb_runs.tracker import Tracker

from .outcome import for_summary, gradient_results
from .profiles import write_words
from .recorder import NullRecorder, Recorder
from .resume import CHECKPOINTS

TRAINING_SCORED = 1000  # training examples on which the trained network is scored


class Execution:
    """recorded: what the checkpoint that is gone on from knows of the files; None: a start from step 0."""

    def __init__(
        self,
        config: Config,
        values: dict[str, Any],
        place: Place,
        tracker: Tracker,
        *,
        recorded: dict[str, Any] | None,
        rank: Rank,
    ) -> None:
        torch.set_num_threads(1)  # two threads on matrices this small are slower than one
        pl.seed_everything(config.seed, workers=True, verbose=False)
        self.config, self.values, self.tracker, self.rank = config, values, tracker, rank
        self.place, self.checkpoints = place, place.folder / CHECKPOINTS
        self.resumed = recorded is not None
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
        self.module.ranks = (rank.number, rank.world)
        self.recorder: Recorder | NullRecorder = NullRecorder()
        if rank.leads:
            self.recorder = Recorder(place.folder, tracker, steps, names, scored, state=recorded)
        fixed = self.probe_batch if config.probe.source.name == "validation" else None
        probing = config.probe.name.name != "off" and (rank.leads or fixed is None)
        self.probe = Probe(self.recorder, config.probe.every, fixed) if probing else None
        self.scalars = Scalars(self.recorder, config.trainer.log_every_n_steps)
        self.solved = None
        if self.data.solved:
            self.solved = Solved(*self.data.solved, self.scores.larger, stop=config.trainer.stop_when_solved)
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

    def follow(self) -> None:
        """What every rank but the first does: its part of each batch."""
        self._fit()

    def execute(self) -> dict[str, Any]:
        """Trains and judges; returns what `status.json` says of it."""
        try:
            born = self._births()
            if not self.resumed:
                self._portraits("start")
            diverged = self._fit()
            return self._result(born, diverged)
        finally:
            self.recorder.close()

    def _births(self) -> dict[str, Births]:
        if self.probe is None:
            return {}
        batch = to_device(self.probe_batch, "cpu")
        born = births(self.values, self.data.spec, self.module.loss, batch, self.vectors)
        if not self.resumed:
            self.recorder.births(born)
        return born

    def _portraits(self, when: str) -> None:
        if self.config.probe.name.name == "full":
            batch = to_device(self.probe_batch, self.module.device)
            seen = portraits_of(self.module.network, self.module.loss, batch)
            self.recorder.portraits(when, self.place.name, seen)

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

    def _result(self, born: dict[str, Births], diverged: Diverged | None) -> dict[str, Any]:
        step, module = self.trainer.global_step, self.module.to(self.device)
        gradients = {}
        if self.probe is not None:
            self.probe.last(step, module, self.probe_batch)
            gradients = gradient_results(self.probe.first, self.probe.latest, born)
            self._portraits("end")
        metrics = evaluate(module, self.loaders.val_dataloader())
        self.recorder.row(step, metrics)
        if self._better(metrics[self.monitor]):
            shutil.copyfile(self.checkpoints / LAST, self.checkpoints / "best.ckpt")
        write_words(self.place.folder, self.words, self._words())
        result = {
            "state": "diverged" if diverged else "completed",
            "error": str(diverged) if diverged else None,
            "steps": step,
            **gradients,
            "metrics": metrics,
            "train": self._on_training_examples(),
            "baseline": self.baseline,
            "baseline_name": baseline_name(self.data, self.module.loss),
            "references": self._references(),
            "score": self.monitor,
            "larger_is_better": self.scores.larger,
            "solved": self._solved(),
            "roughness": self.scalars.roughness,
            "seconds_per_update": median(self.scalars.seconds) if self.scalars.seconds else None,
            "coverage": self.coverage,
            "remark": self.data.remark,
            "dependency": self.data.dependency,
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

    def _references(self) -> dict[str, dict[str, float | None]]:
        found = {}
        for name, guess in self.data.references.items():
            found[name] = self._scores_of(name, lambda guess=guess: timed_score(guess, self.data, self.module.loss))
        for form, split in self.data.variants.items():
            name = f"this network, {form}"
            found[name] = self._scores_of(name, lambda split=split: evaluate(self.module, Once(split)))
        return found

    def _scores_of(self, reference: str, scores: Callable[[], dict[str, float]]) -> dict[str, float | None]:
        """Null each where they cannot be had: what a run is set against is no reason to lose its own result."""
        try:
            return dict(scores())
        except Exception as error:
            first_line = (str(error).splitlines() or [""])[0]
            print(f"unrolled: no scores of {reference!r}: {type(error).__name__}: {first_line}", file=sys.stderr)
            return dict.fromkeys(["val/loss", *(f"val/{name}" for name in self.scores.metrics)])

    def _solved(self) -> dict[str, Any] | None:
        """From which update on the task counts as solved; null: not within the updates that it was given."""
        if self.solved is None:
            return None
        return {"score": self.solved.score, "value": self.solved.value, "at": self.solved.at}

    def _trainer(self, folder: Path) -> pl.Trainer:
        t = self.config.trainer
        leads = self.rank.leads
        progress = t.progress and leads and sys.stdout.isatty()
        callbacks = [
            self.probe,
            self.scalars,
            self.solved,
            self.best,
            Walkthrough(self.data) if self.config.probe.walkthrough and leads else None,
            Progress(self.scores.main) if progress else None,
            self.saving,
        ]
        return pl.Trainer(
            accelerator=t.accelerator.name,
            devices=t.devices,
            num_nodes=t.num_nodes,
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
            use_distributed_sampler=False,
            **for_lightning(self.config),
        )


def check_data(config: Config, data: Data) -> None:
    """Raises UserError for what a task of the user's own shows only once it is loaded."""
    if data.pattern not in PATTERNS:
        raise UserError(f"pattern {data.pattern!r} of task={config.task.name}: allowed: {', '.join(PATTERNS)}")
    if config.trainer.stop_when_solved and data.solved is None:
        raise UserError(f"trainer.stop_when_solved=true: task={config.task.name} has no score that counts as solved")
    check_loss(config.loss.name.name, config.task.name, "classes" if isinstance(data.answers, list) else "numbers")
    tokens = isinstance(data.reads, list) or data.pattern == "vector_to_sequence"
    check_embedding(config.embedding.name, config.task.name, "tokens" if tokens else "numbers")
