"""Checks a user's own task without training on it: its data, its baselines, and one batch through a small network."""

from collections import Counter
from dataclasses import replace
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from unrolled.config.files import options
from unrolled.config.schema import Config, EmbeddingConfig, LossConfig
from unrolled.tasks import load
from unrolled.tasks.data import Data, Split, baseline_name, baseline_scores, mean_loss
from unrolled.training.data import InMemory
from unrolled.training.losses import LOSSES, loss_of
from unrolled.training.module import RecurrentModule

BATCH = 32  # samples that pass through the network
MOST_CLASSES = 12  # that are listed with their shares


def check_task(config: Config) -> dict[str, Any]:
    """Returns what the task has, as plain values. Raises UserError for the first thing that is wrong.

    config: with `task=own` and the file to check.
    """
    data = load(config.task, config.seed)
    losses = [name for name, loss in LOSSES.items() if loss.answers == _answers(data)]
    made = {name: loss_of(_loss(name)) for name in losses}
    return {
        "file": config.task.file,
        "pattern": data.pattern,
        "reads": _size(data.reads, "tokens"),
        "answers": _size(data.answers, "classes"),
        "training examples": len(data.train),
        "validation examples": len(data.val),
        "lengths": _lengths(data.val),
        "shares": _shares(data),
        "scores": list(data.scores().metrics),
        "baselines": {name: {"name": baseline_name(data, loss), **baseline_scores(data, loss, name)}
                      for name, loss in made.items()},
        "loss at initialisation": {name: _one_batch(config, data, name) for name in losses},
    }  # fmt: skip


def show(found: dict[str, Any]) -> None:
    """Prints what `check_task` found, a line each."""
    table = Table(show_header=False, box=None, pad_edge=False)
    for key, value in found.items():
        if isinstance(value, dict):
            for name, each in value.items():
                table.add_row(f"{key}: {name}", _text(each))
        elif value is not None:
            table.add_row(key, _text(value))
    console = Console(soft_wrap=True)
    console.print(table)
    console.print(f"all right: train on it with task=own task.file={found['file']}", markup=False)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(each)}" if key != "name" else str(each) for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _loss(name: str) -> LossConfig:
    """Returns the configuration of a loss, with the values of its file."""
    return LossConfig(**options("loss", name))


def _answers(data: Data) -> str:
    return "classes" if isinstance(data.answers, list) else "numbers"


def _size(names: list[str] | int, what: str) -> str:
    return f"{len(names)} {what}" if isinstance(names, list) else f"{names} numbers"


def _lengths(split: Split) -> str | None:
    mask = split.mask if split.mask is not None else split.y_mask
    if mask is None:
        return None
    lengths = mask.sum(1)
    return f"{int(lengths.min())} to {int(lengths.max())} of {mask.shape[1]} time steps"


def _shares(data: Data) -> dict[str, float] | None:
    """Returns the share of each class among the targets of the validation split that count."""
    if not isinstance(data.answers, list) or len(data.answers) > MOST_CLASSES:
        return None
    y = data.val.y if data.val.y_mask is None else data.val.y[data.val.y_mask]
    counts = Counter(y.flatten().tolist())
    return {name: counts[i] / max(1, y.numel()) for i, name in enumerate(data.answers)}


def _one_batch(config: Config, data: Data, loss: str) -> float:
    """Returns the mean loss of an untrained network on one batch; its backward pass must work too."""
    tokens = isinstance(data.reads, list) or data.pattern == "vector_to_sequence"
    embedding = EmbeddingConfig("trainable", dim=4) if tokens else EmbeddingConfig("none")
    asked = replace(config, loss=_loss(loss), embedding=embedding)
    module = RecurrentModule(asked, data.spec, data.scores())
    batch = InMemory(data, BATCH, config.seed).probe_batch(BATCH)
    with torch.enable_grad():
        mean = mean_loss(module.loss(module(batch), batch.y), batch)
        mean.backward()
    return float(mean.detach())
