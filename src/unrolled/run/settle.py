"""Settles what a configuration leaves to the data: loss, embedding, hidden size and number of epochs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from unrolled.config.cells import hidden_for
from unrolled.config.compatibility import check_embedding
from unrolled.config.files import options
from unrolled.config.schema import Config, EmbeddingConfig, LossConfig
from unrolled.config.vector_file import check_vectors, vector_file
from unrolled.processes.logs import working
from unrolled.tasks import check_solvable, described, load, state_of
from unrolled.training.losses import check_loss

if TYPE_CHECKING:
    from unrolled.tasks.data import Data

AUTO = "auto"
HIDDEN = 64
DIM = 16  # numbers a token
UPDATES = 1000
LOSSES = {"classes": "cross_entropy", "numbers": "mse"}


def left_to_the_data(config: Config) -> bool:
    """Whether a configuration leaves anything to the data."""
    names = (config.loss.name, config.embedding.name)
    sized = config.model.hidden is not None and config.model.parameters is None
    return AUTO in names or not sized or config.trainer.max_epochs is None


def settled(config: Config) -> Config:
    """Returns the configuration with a value for all that it leaves to the data; it loads the data for that.

    Data of a user's own are loaded in any case: what is wrong with them is found before a folder exists.

    Raises UserError for what is wrong with the data, and if the configuration does not fit them.
    """
    if not left_to_the_data(config) and not config.task.file:
        return config
    facts = _facts(config)
    embedding = _embedding(config.embedding, facts)
    hidden = config.model.hidden or facts.usual.get("hidden", HIDDEN)
    if config.model.parameters is not None:
        hidden = hidden_for(config.cell.name, _inputs(embedding, facts), config.model.parameters)
    batches = math.ceil(facts.examples / config.trainer.batch_size)
    epochs = config.trainer.max_epochs or facts.usual.get("epochs", math.ceil(UPDATES / batches))
    found = replace(
        config,
        model=replace(config.model, hidden=hidden),
        loss=_loss(config, facts),
        embedding=embedding,
        trainer=replace(config.trainer, max_epochs=epochs),
    )
    check_facts(found, facts)
    return found


@dataclass(frozen=True)
class Facts:
    """What the data decide.

    reads: "tokens" or "numbers".
    answers: "classes" or "numbers".
    size: number of tokens, or of numbers a step.
    examples: of an epoch.
    solvable: whether a score counts as solved.
    usual: values that a task of the user's own asks for: loss, embedding, dim, hidden, epochs.
    """

    reads: str
    answers: str
    size: int
    examples: int
    solvable: bool
    usual: dict[str, Any]


def facts_of(data: Data) -> Facts:
    tokens = isinstance(data.reads, list) or data.pattern == "vector_to_sequence"
    answers = "classes" if isinstance(data.answers, list) else "numbers"
    size = data.spec["answers" if data.pattern == "vector_to_sequence" else "reads"]
    return Facts(
        "tokens" if tokens else "numbers", answers, size, len(data.train), data.solved is not None, dict(data.defaults)
    )


def check_facts(config: Config, facts: Facts) -> None:
    """Raises UserError if the configuration does not fit the data; a task of the user's own is not known before."""
    if config.trainer.stop_when_solved:
        check_solvable(config.task.name, facts.solvable)
    check_loss(config.loss.name, config.task.name, facts.answers)
    check_embedding(config.embedding.name, config.task.name, facts.reads)


_KNOWN: dict[str, Facts] = {}  # by state of the data: the runs of a sweep that differ in other values share them


def _facts(config: Config) -> Facts:
    if (key := state_of(config.task)) not in _KNOWN:
        import torch

        torch.set_num_threads(1)  # as for the run itself, which takes these data: more threads round otherwise
        with working(f"loading the data: {described(config.task)}"):
            found = facts_of(load(config.task, config.seed))
        _KNOWN[key := state_of(config.task)] = found  # now all files are known that the data come from
    return _KNOWN[key]


def _inputs(embedding: EmbeddingConfig, facts: Facts) -> int:
    """Returns E, the size of what the recurrent layer reads at a step."""
    if facts.reads == "numbers" or embedding.name == "onehot":
        return facts.size
    if embedding.dim is not None:
        return embedding.dim
    check_vectors(embedding.path or "", None)
    return vector_file(embedding.path or "").size


def _loss(config: Config, facts: Facts) -> LossConfig:
    if config.loss.name != AUTO:
        return config.loss
    name = facts.usual.get("loss", LOSSES[facts.answers])
    check_loss(name, f"{config.task.name} (DEFAULTS of {config.task.file})", facts.answers)
    return LossConfig(**options("loss", name))


def _embedding(embedding: EmbeddingConfig, facts: Facts) -> EmbeddingConfig:
    if embedding.name != AUTO:
        return embedding
    if facts.reads == "numbers":
        return EmbeddingConfig("none")
    name = facts.usual.get("embedding", "trainable")
    if name == "onehot":
        return EmbeddingConfig(**options("embedding", name))
    return EmbeddingConfig(name, dim=embedding.dim or facts.usual.get("dim", DIM))
