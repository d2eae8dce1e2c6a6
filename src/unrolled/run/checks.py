"""Validates the typed configuration of a run: its choices, what fits together, and what this machine has."""

from omegaconf import DictConfig, open_dict, read_write

from unrolled.config.cells import check_cell
from unrolled.config.compatibility import check_embedding
from unrolled.config.schema import Config
from unrolled.config.validate import check_options, typed, values_of
from unrolled.config.vector_file import check_vectors
from unrolled.errors import UserError
from unrolled.processes.ranks import check_ranks
from unrolled.processes.resources import visible_gpus
from unrolled.tasks import TASKS, check_solvable
from unrolled.tasks import check as check_task
from unrolled.training.losses import check_loss

from .memory import check_memory
from .settle import settled


def without_hydra(config: DictConfig) -> DictConfig:
    with read_write(config), open_dict(config):
        del config["hydra"]
    return config


def checked(config: DictConfig) -> Config:
    """Returns the typed configuration of a run. Raises UserError for all that would stop it before its first step."""
    return check(typed(values_of(config)))


def check(config: Config) -> Config:
    """Returns the configuration with what it leaves to the data.

    Raises UserError for a value that its choice lacks, parts that do not fit, and what this machine lacks.
    """
    found = check_typed(config)
    check_host(found)
    return found


def check_host(config: Config) -> None:
    """Validates that this machine has the memory and the GPUs, and starts the ranks. Raises UserError."""
    check_ranks(config)
    check_memory(config)
    if config.trainer.accelerator == "gpu":
        gpus, wanted = len(visible_gpus()), config.trainer.devices
        if not gpus:
            here = "torch sees no GPU here; use trainer=cpu or trainer=ddp_cpu"
            raise UserError(f"trainer.accelerator=gpu: {here}", "trainer.accelerator")
        if gpus < wanted:
            here = f"torch sees {gpus} GPU{'s' * (gpus > 1)} here"
            raise UserError(f"trainer.devices={wanted}: {here}", "trainer.devices")


def check_typed(config: Config) -> Config:
    """Validates what a task needs, and that task, loss and embedding fit each other. Raises UserError.

    Returns the configuration with what it leaves to the data.
    """
    check_options(config)
    check_task(config.task)
    check_cell(config)
    config = settled(config)
    entry, loss, embedding = TASKS[config.task.name], config.loss.name, config.embedding
    if entry.answers is not None:
        check_loss(loss, config.task.name, entry.answers)
    if entry.reads is not None:
        check_embedding(embedding.name, config.task.name, entry.reads)
    if config.trainer.stop_when_solved:
        check_solvable(config.task.name, entry.solved is not False)
    if embedding.name == "pretrained":
        check_vectors(embedding.path or "", embedding.dim)
    return config
