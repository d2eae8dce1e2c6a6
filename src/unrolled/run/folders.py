"""Checks that an output folder is free, or holds a run or sweep that can be resumed."""

from pathlib import Path

from unrolled.config.files import SWEEP_RECORD
from unrolled.config.schema import Config
from unrolled.errors import UserError
from unrolled.processes.ranks import started_outside
from unrolled.record import ownership
from unrolled.record.lock import check_idle
from unrolled.record.run_record import RunRecord
from unrolled.record.status import FILE

from .same_run import check_same_run


def check_sweep(config: Config, folder: str) -> None:
    """Raises UserError if a sweep can be neither started nor resumed in `folder`."""
    resume = config.sweep.resume
    if config.resume:
        raise UserError("resume=true is for a single run: continue a sweep with sweep.resume=FOLDER")
    if started_outside() is not None:
        raise UserError("torchrun is for a single run: a sweep starts the ranks of its runs itself")
    if resume is not None:
        if not (Path(resume) / SWEEP_RECORD).is_file() and (Path(resume) / FILE).is_file():
            raise UserError(
                f"sweep.resume={resume} is the folder of one run: continue that with hydra.run.dir={resume} resume=true"
            )
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
    check_idle(Path(folder))
    listed = ownership.of_run(Path(folder)) or ownership.of_begun_run(Path(folder))
    if listed and (Path(folder) / FILE).exists():
        raise UserError(f"{folder} already holds results: give another folder, or continue it with resume=true")
    ownership.check_free(Path(folder), ownership.RUN, listed)


def _check_resumable(folder: Path, config: Config) -> None:
    """Raises UserError unless `folder` holds a run of this configuration; only its length may be another."""
    listed = ownership.of_run(folder)
    if not (folder / FILE).is_file() or not listed:
        raise UserError(f"resume=true: {folder} holds no run; name the run's folder with hydra.run.dir=...")
    check_idle(folder)
    if RunRecord.read(folder).state == "diverged":
        raise UserError(f"resume=true: the run in {folder} has diverged: there is nothing to go on with")
    check_same_run(config, folder)
    from .resume import check_limits  # it imports torch, which nothing before needs

    check_limits(config, folder)
    ownership.check_free(folder, ownership.RUN, listed)
