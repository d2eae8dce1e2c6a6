"""The `local` launcher: each cell a process of its own, forked from a server that has imported torch once."""

import multiprocessing
import os
import signal
from collections.abc import Sequence
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus, configure_log, setup_globals

from unrolled.errors import UserError
from unrolled.record import ends
from unrolled.tasks import OWN, TASKS

from .pool import Pool
from .progress import Live

PRELOAD = "unrolled.sweeps.preload"


def warm_up(tasks: Sequence[str]) -> None:
    """Starts the fork server and returns at once, while it imports. Ctrl-C is for the launcher alone.

    tasks: the names of those that will be run.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        raise UserError("hydra/launcher=local cannot fork on this system: use hydra/launcher=basic")
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the server's environment is frozen when it starts
    modules = [PRELOAD, *(f"unrolled.tasks.{name}" for name in tasks if name in TASKS and name != OWN)]
    multiprocessing.get_context("forkserver").set_forkserver_preload(modules)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    forkserver.ensure_running()
    signal.signal(signal.SIGINT, before)


def launch(launcher: Any, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> list[JobReturn]:
    """Runs the cells; their outcomes in the order of `job_overrides`. Raises Interrupted once all have ended."""
    assert initial_job_idx == 0
    setup_globals()
    hydra = launcher.config.hydra
    configure_log(hydra.hydra_logging, hydra.verbose)
    pool = Pool(launcher, launcher.slots)
    folders = [pool.sweep / str(job.number) for job in launcher.jobs]
    with Live(folders) as live:
        pool.run(live.update)
    if pool.stopped:
        raise pool.stopped
    return [outcome(folder, cell) for folder, cell in zip(folders, job_overrides, strict=True)]


def outcome(folder: Path, overrides: Sequence[str]) -> JobReturn:
    ended, told = ends.read(folder), JobReturn(overrides=list(overrides))
    if ended.has_result:
        told.status, told.return_value = JobStatus.COMPLETED, ended.end.slope
    else:
        told.status, told.return_value = JobStatus.FAILED, RuntimeError(ended.error)
    return told
