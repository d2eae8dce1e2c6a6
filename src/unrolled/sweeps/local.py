"""The `local` launcher: each run is a process, forked from a server that has imported torch once."""

import contextlib
import multiprocessing
import os
import tempfile
from collections.abc import Iterator, Sequence
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus, configure_log, setup_globals

from unrolled.errors import UserError
from unrolled.processes.signals import blocked
from unrolled.tasks import OWN, TASKS

from .ended import record_of
from .pool import Pool
from .progress import SweepProgress

PRELOAD = "unrolled.sweeps.preload"
LONGEST = 107  # bytes of a socket's path


def warm_up(tasks: Sequence[str]) -> None:
    """Starts the fork server and returns while it still imports.

    The signals that a terminal and Slurm send to every process are blocked in it: without it no run would be waited
    for. A run that is forked from it unblocks them once it handles them. Python's resource tracker, which the processes
    share, ignores SIGINT and SIGTERM by itself; the others are blocked in it too.

    tasks: names of the sweep's tasks, whose modules the server imports.
    Raises UserError if the system cannot fork.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        raise UserError("hydra/launcher=local cannot fork on this system: use hydra/launcher=basic")
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the server's environment is frozen when it starts
    modules = [PRELOAD, *(f"unrolled.tasks.{name}" for name in tasks if name in TASKS and name != OWN)]
    multiprocessing.get_context("forkserver").set_forkserver_preload(modules)
    with short_paths():
        with blocked():  # a block of its own: SIGINT and SIGTERM are unblocked once the tracker has started
            resource_tracker.ensure_running()
        with blocked():
            forkserver.ensure_running()


@contextlib.contextmanager
def short_paths() -> Iterator[None]:
    """A block in which Python's temporary folder is /tmp if the user's has too long a name for a socket in it.

    The system allows 107 bytes; `multiprocessing` keeps the folder in which it makes its first socket.
    """
    before, name = tempfile.tempdir, f"{tempfile.gettempdir()}/pymp-12345678/listener-12345678"
    if len(os.fsencode(name)) > LONGEST:
        tempfile.tempdir = "/tmp"
    try:
        yield
    finally:
        tempfile.tempdir = before


def launch(launcher: Any, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> list[JobReturn]:
    """Executes the launcher's `jobs` on this machine and returns their outcomes in the order of `job_overrides`.

    Raises Interrupted, on a signal, once all have ended.
    """
    assert initial_job_idx == 0
    setup_globals()
    hydra = launcher.config.hydra
    configure_log(hydra.hydra_logging, hydra.verbose)
    pool = Pool(launcher, launcher.slots)
    folders = [pool.sweep / str(job.number) for job in launcher.jobs]
    with SweepProgress(folders) as progress:
        pool.run(progress.update)
    if pool.stopped:
        raise pool.stopped
    return [outcome(folder, overrides) for folder, overrides in zip(folders, job_overrides, strict=True)]


def outcome(folder: Path, overrides: Sequence[str]) -> JobReturn:
    """Returns what Hydra expects of an ended run: its final slope, or the error in its record."""
    record, returned = record_of(folder), JobReturn(overrides=list(overrides))
    if record.has_result:
        returned.status, returned.return_value = JobStatus.COMPLETED, record.end.slope
    else:
        returned.status, returned.return_value = JobStatus.FAILED, RuntimeError(record.error)
    return returned
