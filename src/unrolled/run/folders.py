"""Checks that an output folder is free, or holds a run or sweep that can be resumed."""

from pathlib import Path
from typing import Any

from unrolled.config.files import SWEEP_RECORD
from unrolled.config.schema import Config, plain
from unrolled.config.validate import read_config
from unrolled.errors import UserError
from unrolled.processes.ranks import started_outside
from unrolled.record import ownership
from unrolled.record.run_record import RunRecord
from unrolled.record.status import FILE

EXTENDABLE = ("trainer.max_epochs", "trainer.max_steps", "trainer.progress", "trainer.checkpoint_every_s")


def check_sweep(config: Config, folder: str) -> None:
    """Raises UserError if a sweep can be neither started nor resumed in `folder`."""
    resume = config.sweep.resume
    if config.resume:
        raise UserError("resume=true is for a single run: continue a sweep with sweep.resume=FOLDER")
    if started_outside() is not None:
        raise UserError("torchrun is for a single run: a sweep starts the ranks of its cells itself")
    if resume is not None:
        if not (Path(resume) / SWEEP_RECORD).is_file():
            raise UserError(f"sweep.resume={resume} holds no sweep: {SWEEP_RECORD} is missing")
        if not ownership.of_sweep(Path(resume)):
            raise UserError(f"sweep.resume={resume} holds no sweep of ours: its {SWEEP_RECORD} is another program's")
        return
    listed = ownership.of_sweep(Path(folder))
    if listed and (Path(folder) / SWEEP_RECORD).exists():
        raise UserError(
            f"{folder} already holds results: give another folder, or continue it with sweep.resume={folder}"
        )
    ownership.check_free(Path(folder), ownership.SWEEP, listed)
    if not listed:
        ownership.check_numbers(Path(folder))


def check_run(config: Config, folder: str) -> None:
    """Raises UserError if a single run can be neither started nor resumed in `folder`."""
    for wrong, key in ((config.sweep.dry_run, "sweep.dry_run=true"), (config.sweep.resume, "sweep.resume=FOLDER")):
        if wrong:
            raise UserError(f"{key}: this is a single run; give the command of a sweep")
    outside = started_outside()
    if outside is not None and not outside.leads:
        return  # the first rank looks after the folder
    if config.resume:
        _check_resumable(Path(folder), config)
        return
    listed = ownership.of_run(Path(folder))
    if listed and (Path(folder) / FILE).exists():
        raise UserError(f"{folder} already holds results: give another folder, or continue it with resume=true")
    ownership.check_free(Path(folder), ownership.RUN, listed)


def _check_resumable(folder: Path, config: Config) -> None:
    """Raises UserError unless `folder` holds a run of this configuration; only its length may be another."""
    kept = folder / ".hydra" / "config.yaml"
    listed = ownership.of_run(folder)
    if not kept.is_file() or not (folder / FILE).is_file() or not listed:
        raise UserError(f"resume=true: {folder} holds no run; name the run's folder with hydra.run.dir=...")
    before, now = _flat(plain(read_config(kept))), _flat(plain(config))
    for key, value in now.items():
        if value != before.get(key) and key not in EXTENDABLE:
            raise UserError(
                f"resume=true: {key} is {value} now and was {before.get(key)} in {folder}; "
                "only trainer.max_epochs and trainer.max_steps can be others"
            )
    if RunRecord.read(folder).state == "diverged":
        raise UserError(f"resume=true: the run in {folder} has diverged: there is nothing to go on with")
    from .resume import check_limits  # it imports torch, which nothing before needs

    check_limits(config, folder)
    ownership.check_free(folder, ownership.RUN, listed)


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    """Returns the values that decide a run's numbers, by dotted key."""
    flat = {}
    for group, node in values.items():
        if group not in ("sweep", "slurm", "tracker", "resume", "experiment"):
            flat |= {f"{group}.{key}": v for key, v in node.items()} if isinstance(node, dict) else {group: node}
    return flat
