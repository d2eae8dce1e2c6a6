"""The body of a job of a cluster: some runs in parallel, or one rank of a run with several."""

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
from .plan import Trial, runnable
from .pool import Pool, configuration


@dataclass
class SlurmJob:
    """A function without arguments that submitit pickles, and calls again each time the job is queued again.

    jobs: its trials. A call skips those with a result and resumes the others from their last checkpoints.
    tasks: names of the sweep's tasks, which are imported before the trials start.
    slots: trials at once. None: as many as the job has GPUs.
    gpus_each: GPUs of each of a trial's processes.
    The other fields are what Hydra gave the launcher: `Pool` takes either.
    """

    jobs: Sequence[Trial]
    tasks: Sequence[str]
    slots: int | None
    gpus_each: int
    task_function: Callable[[DictConfig], Any]
    hydra_context: Any
    config: DictConfig
    singletons: dict[Any, Any]
    pool: Pool | None = None

    def __call__(self) -> None:
        Singleton.set_state(self.singletons)
        register()
        raise_on_signals()
        self.jobs = [again for trial in self.jobs if (again := runnable(self._sweep, trial)) is not None]
        if not self.jobs:
            return
        if self.jobs[0].ranks > 1:
            self._run_rank(self.jobs[0])
            return
        warm_up(self.tasks)
        self.pool = Pool(self, self.slots, self.gpus_each)
        self.pool.run(lambda: None)  # if preempted or cancelled, the records of its runs say so

    def checkpoint(self) -> Any:
        """Stops the trials, which save checkpoints, and returns this job, to be queued again.

        submitit calls it when the job is preempted or nearly out of time.
        """
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

    def _run_rank(self, trial: Trial) -> None:
        load_run()
        from unrolled.config.identity import RunIdentity
        from unrolled.run.checks import checked, without_hydra
        from unrolled.run.lifecycle import run

        as_rank()
        config = configuration(self, trial)
        folder = self._sweep / str(trial.number)
        if os.environ["RANK"] == "0":
            folder.mkdir(exist_ok=True)
            os._exit(run_here(self.task_function, config, str(folder)))
        run(checked(without_hydra(config)), RunIdentity(folder, "", ""))
