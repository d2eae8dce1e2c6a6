"""The `local` launcher: each cell a process of its own, forked from a server that has imported torch once.

The result of a cell is its `status.json`; where a cell ends without a word, the launcher writes why.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus, configure_log, setup_globals
from omegaconf import DictConfig, open_dict

from unrolled.errors import Interrupted, UserError
from unrolled.machine import cores, visible_gpus
from unrolled.tasks import OWN, TASKS
from unrolled.tracking import status

from . import records
from .cell import run_cell
from .live import Live
from .slots import Slots, Taken

PRELOAD = ["wandb", "sklearn.naive_bayes", "scipy.sparse", "matplotlib.figure", "unrolled.cli", "unrolled.run"]
GRACE_S = 10  # from SIGTERM to SIGKILL
POLL_S = 0.25


def warm_up(tasks: Sequence[str]) -> None:
    """Starts the fork server and returns at once, while it imports. Ctrl-C is for the launcher alone.

    tasks: the names of those that will be run.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        raise UserError("hydra/launcher=local cannot fork on this system: use hydra/launcher=basic")
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the server's environment is frozen when it starts
    modules = [*PRELOAD, *(f"unrolled.tasks.{name}" for name in tasks if name in TASKS and name != OWN)]
    multiprocessing.get_context("forkserver").set_forkserver_preload(modules)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    forkserver.ensure_running()
    signal.signal(signal.SIGINT, before)


@dataclass
class Running:
    job: Any
    folder: Path
    process: BaseProcess
    taken: Taken
    deadline: float
    why: str | None = None  # why the launcher stopped it; written once it is dead


class _Pool:
    """The cells that run, as many at once as there is room for."""

    def __init__(self, launcher: Any, slots: Slots) -> None:
        self.launcher, self.slots, self.waiting = launcher, slots, list(launcher.jobs)
        self.sweep = Path(launcher.config.hydra.sweep.dir)
        self.limit_min = launcher.config.sweep.cell_timeout_min
        self.stop_on_error = str(launcher.config.sweep.on_error) in ("stop", "OnError.stop")
        self.running: dict[int, Running] = {}
        self.stopped: Interrupted | None = None

    def start_next(self) -> None:
        while self.waiting and (taken := self.slots.take(self.waiting[0].ranks, self.waiting[0].on_gpu)):
            job = self.waiting.pop(0)
            folder = self.sweep / str(job.number)
            folder.mkdir(parents=True, exist_ok=True)
            arguments = (self.launcher.task_function, configuration(self.launcher, job), str(folder), taken.gpus)
            process = multiprocessing.get_context("forkserver").Process(target=run_cell, args=arguments)
            process.start()
            deadline = time.monotonic() + self.limit_min * 60
            self.running[process.sentinel] = Running(job, folder, process, taken, deadline)

    def reap(self) -> None:
        """Waits a moment for cells to end, unless one can be started at once."""
        for sentinel in wait(list(self.running), timeout=POLL_S):
            ended = self.running.pop(sentinel)  # type: ignore[call-overload]
            ended.process.join()
            _signal_group(ended.process, signal.SIGKILL)  # what a dead cell has left running
            self._record(ended)
            self.slots.give_back(ended.taken)
            ended.process.close()  # type: ignore[attr-defined]

    def _record(self, ended: Running) -> None:
        """What the cell could not say itself: that it died without a word, or that it took too long."""
        if ended.why and not self.stopped and records.read(ended.folder).get("state") not in status.RESULTS:
            records.write(ended.folder, state="failed", error=ended.why)
        records.mark(ended.folder, "interrupted" if self.stopped else "failed", ended.why or _how(ended.process))
        if self.stop_on_error and records.read(ended.folder).get("state") not in status.RESULTS:
            self.waiting.clear()

    def enforce_limit(self) -> None:
        now = time.monotonic()
        for cell in self.running.values():
            if now > cell.deadline + GRACE_S:
                _signal_group(cell.process, signal.SIGKILL)
            elif now > cell.deadline and cell.why is None:
                cell.why = f"stopped after sweep.cell_timeout_min={self.limit_min:g}"
                cell.process.terminate()

    def stop(self, signalled: Interrupted) -> None:
        """Asks every running cell to end; the waiting ones never start."""
        self.stopped = signalled
        self.waiting.clear()
        for cell in self.running.values():
            cell.why, cell.deadline = str(signalled), time.monotonic()
            cell.process.terminate()


def launch(launcher: Any, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> list[JobReturn]:
    """Runs the cells; their outcomes in the order of `job_overrides`. Raises Interrupted once all have ended."""
    assert initial_job_idx == 0
    setup_globals()
    hydra = launcher.config.hydra
    configure_log(hydra.hydra_logging, hydra.verbose)
    gpus = visible_gpus() if any(job.on_gpu for job in launcher.jobs) else []
    pool = _Pool(launcher, Slots(launcher.slots or (len(gpus) or cores()), gpus))
    folders = [pool.sweep / str(job.number) for job in launcher.jobs]
    with Live(folders) as live:
        _until_done(pool, live)
    if pool.stopped:
        raise pool.stopped
    return [outcome(folder, cell) for folder, cell in zip(folders, job_overrides, strict=True)]


def configuration(launcher: Any, job: Any) -> DictConfig:
    """The cell's configuration as Hydra wants it: composed when it starts, the first need not wait for the last."""
    master = launcher.config
    composed = launcher.hydra_context.config_loader.load_sweep_config(master, list(job.overrides))
    with open_dict(composed):
        composed.hydra.sweep.dir = master.hydra.sweep.dir
        composed.hydra.sweeper.params = master.hydra.sweeper.params
        composed.hydra.job.id, composed.hydra.job.num = str(job.number), job.number
    return composed


def _until_done(pool: _Pool, live: Live) -> None:
    while pool.waiting or pool.running:
        try:
            pool.start_next()
            pool.reap()
            pool.enforce_limit()
            live.update()
        except Interrupted as signalled:
            pool.stop(signalled)


def _how(process: BaseProcess) -> str:
    code = process.exitcode or 0
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"ended without a result, exit code {code}"


def _signal_group(process: BaseProcess, number: int) -> None:
    try:
        os.killpg(process.pid or 0, number)
    except (ProcessLookupError, PermissionError):
        return  # nothing is left of the group


def outcome(folder: Path, overrides: Sequence[str]) -> JobReturn:
    ended, told = records.read(folder), JobReturn(overrides=list(overrides))
    if ended.get("state") in status.RESULTS:
        told.status, told.return_value = JobStatus.COMPLETED, ended.get("slope")
    else:
        told.status, told.return_value = JobStatus.FAILED, RuntimeError(ended.get("error"))
    return told
