"""Checks that a resumed run has the configuration with which it began."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from unrolled.config.fingerprint import EXTENDABLE, UNDECISIVE, fingerprint, resume_fingerprint
from unrolled.config.schema import Config, TrainerConfig, plain
from unrolled.config.validate import from_record, read_config
from unrolled.errors import UserError
from unrolled.record.run_record import RunRecord
from unrolled.record.saved import is_readable
from unrolled.record.successor import newest
from unrolled.record.trained_on import changed_on_disk

from .settle import AUTO

LENGTHS = "only trainer.max_epochs and trainer.max_steps can be others"
FILES = {"task.file": ("task", "file"), "embedding.path": ("embedding", "path")}  # their content matters too


def check_same_run(config: Config, folder: Path) -> None:
    """Raises UserError if `config` is another one than that of the run in `folder`; its length may be another.

    What counts is what the configuration resolves to: environment variables, and the content of files that it names.
    """
    known = []
    for before in _kept(folder):
        _check_values(before, config, folder)
        known.append(before)
    record = newest(RunRecord.read(folder))
    change = changed_on_disk(record.trained_on)
    if record.fingerprint is None or _has_fingerprint(record, config, known):
        if change:
            raise UserError(f"resume=true: {change.line(f'the run in {folder}')}: start another run")
        return
    named = [f"{key}={path}" for key, (group, name) in FILES.items() if (path := getattr(getattr(config, group), name))]
    what = f"the content of {' or '.join(named)}" if named else "what an environment variable resolves to"
    sums = f" ({change.sums})" if change else ""
    raise UserError(f"resume=true: {what} is not what it was when the run in {folder} began{sums}: start another run")


def _kept(folder: Path) -> Iterator[Config]:
    """Yields the configurations that a run has saved: Hydra's, resolved today, and that of the last checkpoint."""
    file = folder / ".hydra" / "config.yaml"
    if is_readable(file):
        yield read_config(file)
    from unrolled.training.checkpoints import LAST  # torch, which the file above does not need

    with contextlib.suppress(Exception):  # an unreadable checkpoint is reported when it is needed
        import torch

        kept: Any = torch.load(folder / "checkpoints" / LAST, weights_only=True, map_location="cpu")
        yield from_record(kept["hyper_parameters"]["config"])


def _check_values(before: Config, now: Config, folder: Path) -> None:
    earlier = _flat(before)
    open_groups = [group for group in ("loss", "embedding") if earlier.get(f"{group}.name") == AUTO]
    for key, value in _flat(now).items():
        from_its_file = key == "embedding.dim" and value is None
        from_its_data = key.partition(".")[0] in open_groups or (key == "model.hidden" and earlier.get(key) is None)
        if value != earlier.get(key) and not from_its_file and not from_its_data:
            raise UserError(f"resume=true: {key} is {value} now and was {earlier.get(key)} in {folder}; {LENGTHS}")


def _flat(config: Config) -> dict[str, Any]:
    """Returns the values that a resume must not change, by dotted key."""
    flat = {}
    for group, node in plain(config).items():
        if group not in (*UNDECISIVE, "experiment"):
            flat |= {f"{group}.{key}": v for key, v in node.items()} if isinstance(node, dict) else {group: node}
    return {key: value for key, value in flat.items() if key not in {f"trainer.{each}" for each in EXTENDABLE}}


def _has_fingerprint(record: RunRecord, config: Config, known: list[Config]) -> bool:
    """Returns whether a record is of this configuration. Earlier versions recorded one fingerprint, of any length."""
    if record.resume_fingerprint is not None:
        return record.resume_fingerprint == resume_fingerprint(plain(config))
    return record.fingerprint in {fingerprint(plain(_of_length(config, before.trainer))) for before in (*known, config)}


def _of_length(config: Config, trainer: TrainerConfig) -> Config:
    lengths = {key: getattr(trainer, key) for key in EXTENDABLE}
    return replace(config, trainer=replace(config.trainer, **lengths))
