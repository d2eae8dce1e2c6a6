"""Execution of a sweep's runs on this machine: as many at once as there are slots, each a forked process.

The result of a run is its `status.json`. If a process ends without writing it, the pool writes the reason.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from unrolled.errors import Interrupted, UserError, in_words
from unrolled.processes.resources import cores, visible_gpus
from unrolled.processes.signals import Noted, postponed
from unrolled.record import ends

from .cell import run_cell
from .ended import mark, noting
from .slots import Lease, Slots

GRACE_S = 10  # from SIGTERM to SIGKILL
POLL_S = 0.25


@dataclass
class RunningTrial:
    folder: Path
    process: BaseProcess
    lease: Lease
    deadline: float
    why: str | None = None  # why the launcher stopped it; written once the process has ended


class Pool:
    """Runs the trials of a launcher in parallel.

    launcher: its `jobs` are the trials; its configuration, Hydra context and task function start them.
    slots: trials at once. None: as many as there are GPUs if the trials need them, else cores.
    gpus_each: GPUs of each of a trial's processes, if it needs any.
    """

    def __init__(self, launcher: Any, slots: int | None, gpus_each: int = 1) -> None:
        gpus = visible_gpus() if any(trial.on_gpu for trial in launcher.jobs) else []
        self.slots = Slots(slots or len(gpus) or cores(), gpus, gpus_each)
        self.launcher, self.waiting = launcher, list(launcher.jobs)
        self.sweep = Path(launcher.config.hydra.sweep.dir)
        self.limit_min = launcher.config.sweep.run_timeout_min
        self.stop_on_error = launcher.config.sweep.on_error == "stop"
        self.running: dict[int, RunningTrial] = {}
        self.stopped: Interrupted | None = None

    def run(self, look: Callable[[], None]) -> None:
        """Returns once all trials have ended. A signal ends the running ones, and no other is started.

        look: called a few times a second, to show progress.
        """
        with Noted() as signals:
            while self.waiting or self.running:
                self._start_next()
                self.reap()
                look()
                if signals.received is not None and self.stopped is None:
                    self.stop(Interrupted(signals.received))

    def _start_next(self) -> None:
        while self.waiting:
            trial = self.waiting[0]
            try:
                lease = self.slots.take(trial.ranks, trial.on_gpu)
            except UserError as error:
                self._fail(self.waiting.pop(0), str(error))
                continue
            if lease is None:
                return
            self.waiting.pop(0)
            try:
                self._start(trial, lease)
            except (OSError, EOFError) as error:  # EOFError: the fork server has died
                self.slots.release(lease)
                self._fail(trial, f"it cannot be started: {in_words(error)}")

    def _start(self, trial: Any, lease: Lease) -> None:
        folder = self.sweep / str(trial.number)
        folder.mkdir(parents=True, exist_ok=True)
        arguments = (self.launcher.task_function, configuration(self.launcher, trial), str(folder), lease.gpus)
        process = multiprocessing.get_context("forkserver").Process(target=run_cell, args=arguments)
        with postponed(signal.SIGUSR2):  # Slurm's notice: a trial that is not in `running` would not be stopped
            process.start()  # returns once the fork server has imported everything and forked
            deadline = time.monotonic() + self.limit_min * 60
            self.running[process.sentinel] = RunningTrial(folder, process, lease, deadline)

    def _fail(self, trial: Any, why: str) -> None:
        mark(self.sweep / str(trial.number), "failed", why)
        self._after_failure()

    def _after_failure(self) -> None:
        if self.stop_on_error:
            self.waiting.clear()

    def reap(self) -> None:
        """Waits up to POLL_S for trials to end, records their ends, and stops those past the time limit."""
        for sentinel in wait(list(self.running), timeout=POLL_S):
            ended = self.running.pop(sentinel)  # type: ignore[call-overload]
            ended.process.join()
            _signal_group(ended.process, signal.SIGKILL)  # children of the run that are still alive
            with noting(ended.folder):
                self._record(ended)
            self.slots.release(ended.lease)
            ended.process.close()  # type: ignore[attr-defined]
        self._enforce_limit()

    def _record(self, ended: RunningTrial) -> None:
        """Completes the record of a run that was stopped, or whose process died without writing its end."""
        if ended.why and not self.stopped and not ends.read(ended.folder).has_result:
            ends.write(ended.folder, state="failed", error=ended.why)
        ends.mark(ended.folder, "interrupted" if self.stopped else "failed", ended.why or _exit_reason(ended.process))
        if not ends.read(ended.folder).has_result:
            self._after_failure()

    def _enforce_limit(self) -> None:
        now = time.monotonic()
        for trial in self.running.values():
            if now > trial.deadline + GRACE_S:
                _signal_group(trial.process, signal.SIGKILL)
            elif now > trial.deadline and trial.why is None:
                trial.why = f"stopped after sweep.run_timeout_min={self.limit_min:g}"
                trial.process.terminate()

    def stop(self, signalled: Interrupted) -> None:
        """Asks every running trial to end and drops the waiting ones."""
        self.stopped = signalled
        self.waiting.clear()
        for trial in self.running.values():
            trial.why, trial.deadline = str(signalled), time.monotonic()
            trial.process.terminate()


def configuration(launcher: Any, trial: Any) -> DictConfig:
    """Composes a trial's configuration with Hydra's own part, as `run_job` expects it.

    Called when the trial starts, so that the first need not wait for the composition of the last.
    """
    master = launcher.config
    composed = launcher.hydra_context.config_loader.load_sweep_config(master, list(trial.overrides))
    with open_dict(composed):
        composed.hydra.sweep.dir = master.hydra.sweep.dir
        composed.hydra.sweeper.params = master.hydra.sweeper.params
        for part in ("launcher", "sweeper"):  # their classes are made again whenever Hydra looks for plugins
            composed.hydra[part] = OmegaConf.to_container(composed.hydra[part])
        composed.hydra.job.id, composed.hydra.job.num = str(trial.number), trial.number
    return composed


def _exit_reason(process: BaseProcess) -> str:
    code = process.exitcode or 0
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"ended without a result, exit code {code}"


def _signal_group(process: BaseProcess, number: int) -> None:
    try:
        os.killpg(process.pid or 0, number)
    except (ProcessLookupError, PermissionError):
        return  # nothing is left of the group
