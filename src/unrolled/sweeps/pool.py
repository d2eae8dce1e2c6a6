"""The cells of a sweep that run on this machine: as many at once as there is room for, each a forked process.

The result of a cell is its `status.json`; where a cell ends without a word, the pool writes why.
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

from unrolled.errors import Interrupted
from unrolled.processes.resources import cores, visible_gpus
from unrolled.processes.signals import Noted
from unrolled.record import ends

from .cell import run_cell
from .slots import Slots, Taken

GRACE_S = 10  # from SIGTERM to SIGKILL
POLL_S = 0.25


@dataclass
class Running:
    job: Any
    folder: Path
    process: BaseProcess
    taken: Taken
    deadline: float
    why: str | None = None  # why the launcher stopped it; written once it is dead


class Pool:
    """launcher: has `jobs`, and what Hydra gave it. slots: cells at once; None: a core, or a GPU, for each process."""

    def __init__(self, launcher: Any, slots: int | None) -> None:
        gpus = visible_gpus() if any(job.on_gpu for job in launcher.jobs) else []
        self.slots = Slots(slots or len(gpus) or cores(), gpus)
        self.launcher, self.waiting = launcher, list(launcher.jobs)
        self.sweep = Path(launcher.config.hydra.sweep.dir)
        self.limit_min = launcher.config.sweep.cell_timeout_min
        self.stop_on_error = str(launcher.config.sweep.on_error) in ("stop", "OnError.stop")
        self.running: dict[int, Running] = {}
        self.stopped: Interrupted | None = None

    def run(self, look: Callable[[], None]) -> None:
        """Until all have ended; a signal ends those that run, and no other is started. look: called now and then."""
        with Noted() as signals:
            while self.waiting or self.running:
                self._start_next()
                self.reap()
                look()
                if signals.received is not None and self.stopped is None:
                    self.stop(Interrupted(signals.received))

    def _start_next(self) -> None:
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
        """Waits a moment for cells to end, and ends those that take too long."""
        for sentinel in wait(list(self.running), timeout=POLL_S):
            ended = self.running.pop(sentinel)  # type: ignore[call-overload]
            ended.process.join()
            _signal_group(ended.process, signal.SIGKILL)  # what a dead cell has left running
            self._record(ended)
            self.slots.give_back(ended.taken)
            ended.process.close()  # type: ignore[attr-defined]
        self._enforce_limit()

    def _record(self, ended: Running) -> None:
        """What the cell could not say itself: that it died without a word, or that it took too long."""
        if ended.why and not self.stopped and not ends.read(ended.folder).has_result:
            ends.write(ended.folder, state="failed", error=ended.why)
        ends.mark(ended.folder, "interrupted" if self.stopped else "failed", ended.why or _how(ended.process))
        if self.stop_on_error and not ends.read(ended.folder).has_result:
            self.waiting.clear()

    def _enforce_limit(self) -> None:
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


def configuration(launcher: Any, job: Any) -> DictConfig:
    """The cell's configuration as Hydra wants it: composed when it starts, the first need not wait for the last."""
    master = launcher.config
    composed = launcher.hydra_context.config_loader.load_sweep_config(master, list(job.overrides))
    with open_dict(composed):
        composed.hydra.sweep.dir = master.hydra.sweep.dir
        composed.hydra.sweeper.params = master.hydra.sweeper.params
        for part in ("launcher", "sweeper"):  # typed by classes that Hydra makes anew when it looks for plugins
            composed.hydra[part] = OmegaConf.to_container(composed.hydra[part])
        composed.hydra.job.id, composed.hydra.job.num = str(job.number), job.number
    return composed


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
