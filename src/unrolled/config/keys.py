"""The keys that a command line can set, and the one that was meant by a key that there is not."""

import difflib
from collections.abc import Iterable
from dataclasses import is_dataclass
from functools import cache
from typing import Any

from .files import SWEEPS, choices
from .schema import Config

OPEN = "task.options."  # whatever follows is a name of the user's own
OTHER_WORDS = {
    "batch": "trainer.batch_size",
    "bs": "trainer.batch_size",
    "clip": "trainer.gradient_clip_val",
    "cuda": "trainer.accelerator",
    "dataset": "task",
    "device": "trainer.accelerator",
    "epoch": "trainer.max_epochs",
    "epochs": "trainer.max_epochs",
    "gpus": "trainer.devices",
    "hidden_dim": "model.hidden",
    "hidden_size": "model.hidden",
    "learning_rate": "optimizer.lr",
    "nodes": "trainer.num_nodes",
    "nonlinearity": "activation",
    "n_hidden": "model.hidden",
    "optim": "optimizer",
    "random_seed": "seed",
    "seq_len": "task.length",
    "steps": "trainer.max_steps",
    "timeout": "sweep.run_timeout_min",
    "units": "model.hidden",
    "wandb": "tracker",
}


@cache
def keys() -> list[str]:
    """Returns the dotted keys of the schema that have a value of their own."""
    return list(_keys(Config, ""))


def _keys(schema: Any, above: str) -> Iterable[str]:
    for key, field in schema.__pydantic_fields__.items():
        if is_dataclass(field.annotation):
            yield from _keys(field.annotation, f"{above}{key}.")
        else:
            yield f"{above}{key}"


def is_known(key: str) -> bool:
    """Returns whether a key is in the schema, as a value or as a group, or below one that takes keys of any name."""
    return key in keys() or key in choices() or key.startswith(OPEN)


def meant(key: str) -> list[str]:
    """Returns the keys that were probably meant by one that is not in the schema, the nearest ones; [] if none is near.

    A key's last part alone is enough (`hidden`), in any case, as are a few words that other programs have.
    """
    word = key.lower().replace("/", ".").replace("-", "_").lstrip("._+~")
    tail = word.rpartition(".")[2]
    every = [each for each in [*choices(), *keys()] if not each.endswith(".name")]
    if word in every:
        return [word]
    by_tail: dict[str, list[str]] = {}
    for each in every:
        by_tail.setdefault(each.rpartition(".")[2], []).append(each)
    for name in (tail, *([OTHER_WORDS[tail]] if tail in OTHER_WORDS else [])):
        if name in by_tail or name in every:
            return by_tail.get(name, [name])
    return by_tail.get(closest(tail, by_tail), [])


def closest(word: str, known: Iterable[str]) -> str:
    """Returns the known word that is closest in spelling, in any case; "" if none is close."""
    lower = {each.lower(): each for each in known}
    near = difflib.get_close_matches(word.lower(), list(lower), n=1)
    return lower[near[0]] if near else ""


@cache
def sweep_files() -> list[str]:
    """Returns the names that `--config-name` has for a sweep."""
    return sorted(file.stem for file in SWEEPS.glob("*.yaml"))
