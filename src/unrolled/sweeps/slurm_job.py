"""What runs inside a job of a cluster: some cells one beside the other, or one rank of a cell of several."""

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.singleton import Singleton
from omegaconf import DictConfig

from unrolled.config.schema import register
from unrolled.errors import Interrupted
from unrolled.processes.signals import raise_on_signals
from unrolled.run.load import load_run

from .cell import run_here
from .local import warm_up
from .meeting import as_rank
from .plan import Job, runnable
from .pool import Pool, configuration


@dataclass
class Member:
    """jobs: its cells; those that have a result by now are left out, the others go on from their last checkpoint.

    The rest is what Hydra gave the launcher. submitit pickles it, and calls it again when the job is queued again.
    """

    jobs: Sequence[Job]
    tasks: Sequence[str]
    slots: int | None
    task_function: Callable[[DictConfig], Any]
    hydra_context: Any
    config: DictConfig
    singletons: dict[Any, Any]
    pool: Pool | None = None

    def __call__(self) -> None:
        Singleton.set_state(self.singletons)
        register()
        raise_on_signals()
        self.jobs = [again for job in self.jobs if (again := runnable(self._sweep, job)) is not None]
        if not self.jobs:
            return
        if self.jobs[0].ranks > 1:
            self._one_rank(self.jobs[0])
            return
        warm_up(self.tasks)
        self.pool = Pool(self, self.slots)
        self.pool.run(lambda: None)  # if preempted or cancelled, its cells have said so

    def checkpoint(self) -> Any:
        """Called when the job's time is nearly over: the cells save and end; the same again, in a new job."""
        from submitit.helpers import DelayedSubmission

        if self.pool is not None:
            self.pool.stop(Interrupted(signal.SIGTERM))
            while self.pool.running:
                self.pool.reap()
            self.pool = None
        return DelayedSubmission(self)

    @property
    def _sweep(self) -> Path:
        return Path(self.config.hydra.sweep.dir)

    def _one_rank(self, job: Job) -> None:
        load_run()
        from unrolled.config.identity import Place
        from unrolled.run.lifecycle import run
        from unrolled.run.preflight import check, without_hydra

        as_rank()
        config = configuration(self, job)
        folder = self._sweep / str(job.number)
        if os.environ["RANK"] == "0":
            folder.mkdir(exist_ok=True)
            os._exit(run_here(self.task_function, config, str(folder)))
        run(check(without_hydra(config)), Place(folder, "", ""))
