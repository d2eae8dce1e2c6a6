"""The components of a run: what is trained, and what observes it."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint

from unrolled.config.compatibility import check_embedding
from unrolled.config.schema import Config
from unrolled.errors import UserError
from unrolled.processes.ranks import Rank
from unrolled.processes.signals import Deferred
from unrolled.rnn import PATTERNS, Batch, Embedding
from unrolled.tasks import load
from unrolled.tasks.data import Data, baseline_scores
from unrolled.tasks.scores import Scores
from unrolled.training.callbacks import Probe, Progress, Scalars, label
from unrolled.training.checkpoints import Checkpoints
from unrolled.training.data import InMemory
from unrolled.training.losses import check_loss
from unrolled.training.module import RecurrentModule, to_device
from unrolled.training.neighbours import Pair, pairs_of
from unrolled.training.network import READ
from unrolled.training.solved import Solved
from unrolled.training.walkthrough import Walkthrough
from unrolled.training.word_vectors import WordVectors, known_vectors
from unrolled.wandb_runs.tracker import Tracker

from .recorder import NullRecorder, Recorder
from .resume import CHECKPOINTS


@dataclass(frozen=True)
class Trained:
    """What is trained, and on what.

    probe_batch: the fixed validation examples of the probe, on the device of the training.
    baseline: the scores of the trivial answer, by name.
    vectors: rows of the embedding that are known before training.
    """

    data: Data
    module: RecurrentModule
    loaders: InMemory
    probe_batch: Batch
    baseline: dict[str, float]
    vectors: WordVectors

    @property
    def scores(self) -> Scores:
        assert self.module.scores is not None
        return self.module.scores

    @property
    def monitor(self) -> str:
        """The name in metrics.csv of the score that decides which weights were best."""
        return f"val/{self.scores.main}"

    def pairs(self) -> list[Pair]:
        """Compares the task's pairs of words in the embedding of what is read, as it is now."""
        front = self.module.network.get_submodule(READ[self.data.pattern])
        return pairs_of(self.data.pairs, embedded(self.data), front.weight) if isinstance(front, Embedding) else []


def assemble(config: Config, rank: Rank) -> Trained:
    """Builds the network at initialisation, with its task. Raises UserError where the two do not fit.

    config: with `embedding.dim` as a file of word vectors has it (`sized`).
    """
    torch.set_num_threads(1)  # two threads on matrices this small are slower than one
    pl.seed_everything(config.seed, workers=True, verbose=False)  # first: a task of the user's own may draw anywhere
    data = load(config.task, config.seed)
    check_data(config, data)
    vectors = known_vectors(config.embedding, data.vectors, embedded(data))
    module = RecurrentModule(config, data.spec, data.scores(), vectors)
    module.ranks = (rank.number, rank.world)
    if config.trainer.precision == 64:
        module.double()  # here: Lightning would do so after it has loaded a checkpoint, in half the bits
    loaders = InMemory(data, config.trainer.batch_size, config.seed)
    device = {"cpu": "cpu", "gpu": "cuda"}[config.trainer.accelerator]
    probe_batch = to_device(loaders.probe_batch(config.probe.samples), device)
    baseline = baseline_scores(data, module.loss, config.loss.name)
    return Trained(data, module, loaders, probe_batch, baseline, vectors)


def embedded(data: Data) -> list[str]:
    """The tokens behind the rows of the embedding; none where numbers are read."""
    tokens = data.answers if data.pattern == "vector_to_sequence" else data.reads
    return tokens if isinstance(tokens, list) else []


def check_data(config: Config, data: Data) -> None:
    """Raises UserError for what a task of the user's own shows only once it is loaded."""
    if data.pattern not in PATTERNS:
        raise UserError(f"pattern {data.pattern!r} of task={config.task.name}: allowed: {', '.join(PATTERNS)}")
    if config.trainer.stop_when_solved and data.solved is None:
        raise UserError(f"trainer.stop_when_solved=true: task={config.task.name} has no score that counts as solved")
    check_loss(config.loss.name, config.task.name, "classes" if isinstance(data.answers, list) else "numbers")
    tokens = isinstance(data.reads, list) or data.pattern == "vector_to_sequence"
    check_embedding(config.embedding.name, config.task.name, "tokens" if tokens else "numbers")


@dataclass(frozen=True)
class Observers:
    """What observes the training; None: not on this rank, or not asked for."""

    recorder: Recorder | NullRecorder
    probe: Probe | None
    scalars: Scalars
    solved: Solved | None
    best: ModelCheckpoint
    walkthrough: Walkthrough | None
    progress: Progress | None
    checkpoints: Checkpoints

    def callbacks(self) -> list[pl.Callback]:
        """Lists them in the order in which Lightning calls them.

        The probe comes before the scalars, whose seconds of an update leave it out; `checkpoints` is the last, since a
        checkpoint holds what all others have recorded of its step.
        """
        every = (self.probe, self.scalars, self.solved, self.best, self.walkthrough, self.progress, self.checkpoints)
        return [callback for callback in every if callback is not None]


def observe(
    config: Config,
    trained: Trained,
    folder: Path,
    tracker: Tracker,
    *,
    recorded: dict[str, Any] | None,
    rank: Rank,
) -> Observers:
    """Builds what observes the training of `trained`.

    recorded: what the checkpoint to resume from knows of the folder's files, which are cut back to that; None: none.
    """
    trainer, probe, scores = config.trainer, config.probe, trained.scores
    recorder = _recorder(trained, folder, tracker, recorded) if rank.leads else NullRecorder()
    fixed = trained.probe_batch if probe.source == "validation" else None
    probing = probe.name != "off" and (rank.leads or fixed is None)  # all ranks hold parts of a training batch
    solved = trained.data.solved
    return Observers(
        recorder=recorder,
        probe=Probe(recorder, probe.every, fixed) if probing else None,
        scalars=Scalars(recorder, trainer.log_every_n_steps),
        solved=Solved(*solved, scores.larger, stop=trainer.stop_when_solved) if solved else None,
        best=ModelCheckpoint(
            folder / CHECKPOINTS,
            filename="best",
            monitor=trained.monitor,
            mode="max" if scores.larger else "min",
            auto_insert_metric_name=False,
            enable_version_counter=False,
            save_on_train_epoch_end=False,
        ),
        walkthrough=Walkthrough(trained.data) if probe.walkthrough and rank.leads else None,
        progress=Progress(scores.main) if trainer.progress and rank.leads and sys.stdout.isatty() else None,
        checkpoints=Checkpoints(folder / CHECKPOINTS, recorder, trainer.checkpoint_every_s, Deferred()),
    )


def _recorder(trained: Trained, folder: Path, tracker: Tracker, recorded: dict[str, Any] | None) -> Recorder:
    network = trained.module.network
    steps = network.steps(trained.probe_batch)
    names = [label(name) for name, p in network.named_parameters() if p.requires_grad]
    scored = ["val/loss", *(f"val/{name}" for name in trained.scores.metrics)]
    return Recorder(folder, tracker, steps, names, scored, state=recorded)
