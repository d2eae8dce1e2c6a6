"""The components of a run: its network and data, and the callbacks that observe the training."""

import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint

from unrolled.config.schema import Config
from unrolled.processes.logs import log, working
from unrolled.processes.ranks import Rank
from unrolled.processes.signals import Deferred
from unrolled.record.samples import MOST_SAMPLES
from unrolled.rnn import Batch, Embedding, Recurrent
from unrolled.tasks import described, load
from unrolled.tasks.cautions import cautions
from unrolled.tasks.data import Data, baseline_scores
from unrolled.tasks.scores import Scores
from unrolled.tasks.trained_on import trained_on
from unrolled.training.callbacks import Probe, Progress, Scalars, label
from unrolled.training.checkpoints import Checkpoints
from unrolled.training.data import InMemory
from unrolled.training.module import RecurrentModule, to_device
from unrolled.training.neighbours import Pair, pairs_of
from unrolled.training.network import READ
from unrolled.training.samples import labels
from unrolled.training.solved import Solved
from unrolled.training.walkthrough import Walkthrough
from unrolled.training.word_vectors import WordVectors, known_vectors
from unrolled.wandb_runs.tracker import Tracker

from .recorder import NullRecorder, Recorder
from .resume import CHECKPOINTS
from .settle import check_facts, facts_of


@dataclass(frozen=True)
class Trained:
    """The network of a run with its data.

    probe_batch: the probe's fixed validation examples, on the training device.
    baseline: scores of the trivial baseline, by name.
    vectors: rows of the embedding that are known before training.
    known: what tells the data from others; None on a rank that does not lead.
    """

    data: Data
    module: RecurrentModule
    loaders: InMemory
    probe_batch: Batch
    baseline: dict[str, float]
    vectors: WordVectors
    known: dict[str, Any] | None

    @property
    def scores(self) -> Scores:
        assert self.module.scores is not None
        return self.module.scores

    @property
    def monitor(self) -> str:
        """Returns the column of metrics.csv whose score decides which weights are the best."""
        return f"val/{self.scores.main}"

    def pairs(self) -> list[Pair]:
        """Returns the task's pairs of words with their current cosines in the input embedding; [] without one."""
        front = self.module.network.get_submodule(READ[self.data.pattern])
        return pairs_of(self.data.pairs, embedded(self.data), front.weight) if isinstance(front, Embedding) else []


def assemble(config: Config, rank: Rank) -> Trained:
    """Loads the task and builds the network at initialisation. Seeds the global random generators.

    config: with `embedding.dim` already read from a file of word vectors (see `sized`).
    rank: this process among those of the run.
    Raises UserError if network and task do not fit.
    """
    torch.set_num_threads(1)  # two threads on matrices this small are slower than one
    pl.seed_everything(config.seed, workers=True, verbose=False)  # before a user's task, which may use any generator
    with working(f"loading the data: {described(config.task)}") if rank.leads else nullcontext():
        data = load(config.task, config.seed)
    if rank.leads:
        for line in data.notes:
            log.info(line)
        for line in cautions(data) if config.task.file else []:
            log.warning(line)
    check_facts(config, facts_of(data))
    vectors = known_vectors(config.embedding, data.vectors, embedded(data))
    if rank.leads and vectors.coverage is not None and not len(vectors.rows):
        log.warning(f"embedding.path={config.embedding.path}: {vectors.coverage}: each starts at random")
    known = trained_on(config.task, data) if rank.leads else None  # only the leading rank writes
    module = RecurrentModule(config, data.spec, data.scores(), vectors, known)
    module.ranks = (rank.number, rank.world)
    if rank.leads and config.model.parameters is not None:
        for name, layer in module.network.rnns.items():
            log.info(_size_of(layer, config.model.parameters, name))
    if config.trainer.precision == 64:
        module.double()  # now, since Lightning converts only after it has loaded a checkpoint into 32 bits
    loaders = InMemory(data, config.trainer.batch_size, config.seed)
    device = {"cpu": "cpu", "gpu": "cuda"}[config.trainer.accelerator]
    probe_batch = to_device(loaders.probe_batch(config.probe.samples), device)
    baseline = baseline_scores(data, module.loss, config.loss.name)
    return Trained(data, module, loaders, probe_batch, baseline, vectors, known)


def embedded(data: Data) -> list[str]:
    """Returns the token of each row of the input embedding; [] if the network reads numbers."""
    tokens = data.answers if data.pattern == "vector_to_sequence" else data.reads
    return tokens if isinstance(tokens, list) else []


def _size_of(layer: Recurrent, wanted: int, name: str) -> str:
    """Returns a line with the size that a number of parameters makes."""
    has = sum(weights.numel() for weights in layer.parameters())
    named = "layer" if name == "rnn" else name
    return f"model.parameters={wanted}: model.hidden={layer.hidden}, with which the {named} has {has:,}"


@dataclass(frozen=True)
class Observers:
    """The observers of a training. None: not on this rank, or not configured."""

    recorder: Recorder | NullRecorder
    probe: Probe | None
    scalars: Scalars
    solved: Solved | None
    best: ModelCheckpoint
    walkthrough: Walkthrough | None
    progress: Progress | None
    checkpoints: Checkpoints

    def callbacks(self) -> list[pl.Callback]:
        """Returns the callbacks in the order in which Lightning calls them.

        The probe precedes the scalars, whose time of an update excludes it. `checkpoints` comes last, since a
        checkpoint contains all that the others record of its step.
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
    """Builds the observers of a training.

    folder: of the run.
    recorded: recorder state of the checkpoint to resume from, to which files are cut back; None: a start from step 0.
    rank: this process; only the leading one records.
    """
    trainer, probe, scores = config.trainer, config.probe, trained.scores
    fixed = trained.probe_batch if probe.source == "validation" else None
    recorder = _recorder(trained, folder, tracker, fixed, recorded) if rank.leads else NullRecorder()
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
        walkthrough=Walkthrough(trained.data, folder) if probe.walkthrough and rank.leads else None,
        progress=Progress(scores.main) if trainer.progress and rank.leads and sys.stdout.isatty() else None,
        checkpoints=Checkpoints(folder / CHECKPOINTS, recorder, trainer.checkpoint_every_s, Deferred()),
    )


def _recorder(
    trained: Trained, folder: Path, tracker: Tracker, fixed: Batch | None, recorded: dict[str, Any] | None
) -> Recorder:
    network = trained.module.network
    steps = network.steps(trained.probe_batch)
    names = [label(name) for name, p in network.named_parameters() if p.requires_grad]
    scored = ["val/loss", *(f"val/{name}" for name in trained.scores.metrics)]
    reads = [] if fixed is None else labels(network, trained.data, fixed.first(MOST_SAMPLES))
    states = next(iter(network.rnns.values())).names
    return Recorder(folder, tracker, steps, names, scored, states=states, reads=reads, state=recorded)
