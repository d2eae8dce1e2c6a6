"""Runs one configuration: resume or fresh start, ranks, record, W&B, and errors."""

import contextlib
import logging
import time
import traceback
import warnings
from dataclasses import replace
from functools import partial
from typing import Any

from unrolled.config.environment import concealed, publishable
from unrolled.config.fingerprint import fingerprint
from unrolled.config.identity import RunIdentity
from unrolled.config.schema import Config, plain
from unrolled.config.vector_file import sized
from unrolled.digits import counted
from unrolled.errors import Interrupted, UserError, in_words
from unrolled.processes.logs import log, set_up
from unrolled.processes.ranks import Rank, RanksFailed, on_ranks
from unrolled.processes.signals import caught, exposed, shielded
from unrolled.record import ownership, status
from unrolled.record.earlier import OLDER, older_before
from unrolled.record.entries import Early, Flawed
from unrolled.record.origin import changes
from unrolled.record.run_record import RunRecord
from unrolled.record.successor import Record, mark_ended, newest
from unrolled.report.summary import print_summary
from unrolled.training.distributed import from_the_leader, together
from unrolled.wandb_runs.tracker import NullTracker, Tracker, open_tracker

from .execute import execute
from .outcome import opening, times
from .resume import check_result_is_kept, kept_data, recorder_state, saved, start_anew
from .trained_on import admit


def run(config: Config, identity: RunIdentity) -> dict[str, Any]:
    """Trains, records and evaluates one network, on the number of processes that `trainer` sets.

    With `resume=true` an interrupted run continues from its last checkpoint and reproduces the uninterrupted run.
    A run that ends early keeps everything recorded, and its reason in `status.json`.

    config: validated.
    identity: folder, name, axes and choices of the run.
    Returns the content of `status.json`.
    Raises Interrupted on a signal, and any other error, after recording it.
    """
    set_up()
    quiet()
    before = RunRecord.read(identity.folder) if config.resume else RunRecord()
    if before.has_result and before.fingerprint == fingerprint(plain(config)):
        after = counted(before.steps or 0, "updates")
        log.info(f"{identity.folder} has its result already: {before.state} after {after}")
        return before.kept
    with shielded():
        _on_ranks(config, identity)
    return status.read(identity.folder)


def _on_ranks(config: Config, identity: RunIdentity) -> None:
    try:
        with exposed():
            on_ranks(config, partial(_as_rank, config, identity))
    except Interrupted as signal:
        caught()
        mark_ended(identity.folder, "interrupted", str(signal))
        raise
    except RanksFailed as failed:
        mark_ended(identity.folder, "failed", str(failed))
        why = newest(RunRecord.read(identity.folder)).error or ""
        if failed.wrong:
            raise UserError(why) from None
        raise RanksFailed(f"{failed}: {why}" if why != str(failed) else why) from None


def _as_rank(config: Config, identity: RunIdentity, rank: Rank) -> None:
    with together(config, rank):
        if rank.leads:
            _lead(config, identity, rank)
        else:
            folder, resumed = from_the_leader(rank, None)
            identity = replace(identity, folder=folder)  # under torchrun each rank has composed a folder of its own
            execute(_as_kept(config), identity, NullTracker(), recorded={} if resumed else None, rank=rank)


def _lead(config: Config, identity: RunIdentity, rank: Rank) -> None:
    """Trains as the leading rank, which alone records; a run on one process has no other."""
    with shielded():  # the end is recorded whatever signal comes
        _lead_shielded(config, identity, rank)
    print_summary(RunRecord.read(identity.folder), identity.folder, identity.name)


def _lead_shielded(config: Config, identity: RunIdentity, rank: Rank) -> None:
    started, before = time.time(), RunRecord.read(identity.folder) if config.resume else RunRecord()
    ownership.claim_run(identity.folder)
    checkpoint = saved(identity.folder) if config.resume else None
    check_result_is_kept(before, checkpoint, identity.folder)
    if checkpoint is None:
        start_anew(identity.folder)
    else:
        log.info(f"resumed after {counted(checkpoint['global_step'], 'updates')}")
        for line in changes(newest(before), checkpoint["global_step"]):
            log.info(f"note: {line}")
    record = Record(identity.folder, before)
    record.update(**opening(plain(config), identity, started))
    if checkpoint is not None and (since := older_before(newest(before), checkpoint["global_step"])) is not None:
        record.update(**{OLDER: since})
    tracker: Tracker = NullTracker()
    result: dict[str, Any] = {}
    try:
        with exposed():
            from_the_leader(rank, (identity.folder, checkpoint is not None))
            config = _as_kept(config)
            tracker = open_tracker(config, publishable(plain(config), identity.written), identity, before.wandb)
            record.update(wandb=tracker.link(identity.folder))
            recorded = recorder_state(checkpoint) if checkpoint else None
            admitted = partial(
                admit,
                before=kept_data(checkpoint),
                config=config,
                folder=identity.folder,
                in_sweep=identity.sweep is not None,
                record=record,
                written=partial(concealed, values=plain(config), written=identity.written),
            )
            result = execute(config, identity, tracker, recorded=recorded, rank=rank, admitted=admitted)
    except Interrupted as signal:
        caught()
        result = {**Early(state="interrupted", error=str(signal))}
        raise
    except BaseException as error:
        why = concealed(in_words(error), plain(config), identity.written)
        result = {**Early(state="failed", error=why)}
        with contextlib.suppress(OSError):  # a full disk may be what went wrong
            (identity.folder / "traceback.txt").write_text(traceback.format_exc(), encoding="utf-8")
        raise
    finally:
        flaws: dict[str, Any] = {}
        try:  # W&B first: killed meanwhile, the run has no result yet, and its resume logs all rows again
            online = config.tracker.mode == "online"
            with exposed() if online else contextlib.nullcontext():  # an upload can be given up
                flaw = tracker.finish(exit_code=0 if RunRecord.from_dict(result).has_result else 1)
            if flaw is not None:
                log.warning(flaw)
                flaws = {**Flawed(wandb_flaw=flaw)}
        finally:
            record.update(**result, **flaws, **times(started))


def _as_kept(config: Config) -> Config:
    """Returns the configuration for W&B and checkpoints, the same for a resume, with its embedding's size."""
    return sized(replace(config, resume=False))


def quiet() -> None:
    """Silences log lines and warnings of libraries that do not apply here; data in memory needs no worker processes."""
    for library in ("pytorch_lightning", "lightning.pytorch", "matplotlib"):
        logging.getLogger(library).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    warnings.filterwarnings("ignore", message="The `srun` command is available.*")  # our launchers decide about it
    warnings.filterwarnings("ignore", message="Checkpoint directory .* exists and is not empty")  # true of every resume
    warnings.filterwarnings("ignore", message=".*sync_dist=True.*")  # each rank validates the whole split
    warnings.filterwarnings("ignore", message=".*treespec, LeafSpec.*", module="pytorch_lightning.*")
