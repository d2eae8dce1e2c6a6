"""The `slurm` launcher: submits the runs of a sweep as jobs of a cluster.

A job executes its runs as the `local` launcher would, each in a process; a run of several ranks is a job with as many
tasks. A job that is preempted, or runs out of time, is queued again, and its runs resume from their checkpoints.
submitit submits the jobs. Their state comes from `squeue`, which every site has (`sacct` needs a database).
"""

import importlib.util
import math
import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, configure_log, setup_globals

from unrolled.errors import Interrupted, UserError
from unrolled.processes.logs import log
from unrolled.processes.signals import blocked, caught

from .ended import mark
from .local import outcome
from .plan import Trial
from .progress import SweepProgress
from .slurm_job import SlurmJob

FOLDER = "slurm"
JOBS = "jobs.txt"  # the ids of all jobs that were submitted
ASK_S = 2.0  # between two questions to the cluster
MOST_REQUEUES = 100
DEFAULT_ARRAY = 1001  # Slurm's own MaxArraySize


def check_cluster(folder: Path) -> None:
    """Raises UserError if nothing can be submitted from here, or if jobs of the sweep in `folder` still wait or run."""
    if importlib.util.find_spec("submitit") is None:
        raise UserError("hydra/launcher=slurm needs submitit: pip install 'unrolled[slurm]'")
    missing = [name for name in ("sbatch", "squeue", "scancel") if shutil.which(name) is None]
    if missing:
        raise UserError(f"hydra/launcher=slurm: {', '.join(missing)} not found; is this a machine of the cluster?")
    known = folder / FOLDER / JOBS
    if known.is_file() and (alive := still_there(known.read_text(encoding="utf-8").split())):
        raise UserError(
            f"{folder}: its jobs {' '.join(sorted(alive))} are still queued or running: wait, or scancel them"
        )


def launch(launcher: Any, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> list[JobReturn]:
    """Submits the launcher's `jobs`, waits for them, and returns their outcomes in the order of `job_overrides`.

    A signal cancels them. Raises Interrupted once all have ended, UserError if the cluster refuses or does not answer.
    """
    assert initial_job_idx == 0
    setup_globals()
    hydra = launcher.config.hydra
    configure_log(hydra.hydra_logging, hydra.verbose)
    sweep, stopped = Path(hydra.sweep.dir), None
    folders = {trial.number: sweep / str(trial.number) for trial in launcher.jobs}
    submitted: dict[str, Sequence[Trial]] = {}
    with SweepProgress(list(folders.values())) as progress:
        try:
            _submit(launcher, sweep, submitted)
            _wait(submitted, progress, stop_on_error=launcher.config.sweep.on_error == "stop")
        except BaseException as error:
            caught()
            _cancel(submitted)
            if not isinstance(error, Interrupted):
                raise
            stopped = error
            _wait(submitted, progress, stop_on_error=False)
    for job_id, trials in submitted.items():
        for folder in (folders[trial.number] for trial in trials):
            if folder.is_dir() or not stopped:
                mark(folder, "interrupted" if stopped else "failed", f"job {job_id} ended without a result")
    if stopped:
        raise stopped
    numbers = [trial.number for trial in launcher.jobs]
    return [outcome(folders[number], words) for number, words in zip(numbers, job_overrides, strict=True)]


def _submit(launcher: Any, sweep: Path, found: dict[str, Sequence[Trial]]) -> None:
    """Submits the trials in job arrays as long as the site allows, and adds to `found` each job's id and its trials."""
    import submitit
    from submitit.core.utils import FailedJobError

    wanted, longest = launcher.config.slurm, _longest_array()
    executor = submitit.SlurmExecutor(folder=sweep / FOLDER, max_num_timeout=MOST_REQUEUES)
    for (ranks, nodes, on_gpu), alike in groupby(launcher.jobs, lambda trial: (trial.ranks, trial.nodes, trial.on_gpu)):
        per_job = 1 if ranks * nodes > 1 else wanted.runs_per_job
        executor.update_parameters(**parameters(wanted, sweep.name, ranks, nodes, on_gpu))
        for part in _chunks(_chunks(alike, per_job), longest):
            try:
                with blocked():  # in sbatch too: a job whose id is not known could not be cancelled
                    with executor.batch():
                        made = [executor.submit(_slurm_job(launcher, share)) for share in part]
                    found |= {job.job_id: share for job, share in zip(made, part, strict=True)}
                    with (sweep / FOLDER / JOBS).open("a", encoding="utf-8") as known:
                        known.writelines(f"{job.job_id}\n" for job in made)
            except FailedJobError as refused:
                raise UserError(f"sbatch: {' '.join(str(refused).split())}") from refused
    log.info(f"{len(found)} jobs submitted; their own logs are in {sweep / FOLDER}")


def parameters(wanted: Any, name: str, ranks: int, nodes: int, on_gpu: bool) -> dict[str, Any]:
    """Returns the options of sbatch, under submitit's names.

    wanted: the configuration's `slurm`.
    name: the sweep's.
    ranks: tasks on each node.
    on_gpu: whether each task needs a GPU, if `slurm.gpus_per_run` does not say how many.
    """
    gpus = wanted.gpus_per_run or int(on_gpu)
    found = {
        "job_name": f"unrolled-{name}",
        "time": wanted.timeout_min,
        "signal_delay_s": max(10, min(90, wanted.timeout_min * 60 // 4)),
        "nodes": nodes,
        "ntasks_per_node": ranks,
        "cpus_per_task": wanted.cpus,
        "gpus_per_node": gpus * ranks or None,
        "mem": None if wanted.mem_gb is None else f"{math.ceil(wanted.mem_gb * 1024)}MB",
        "partition": wanted.partition,
        "account": wanted.account,
        "qos": wanted.qos,
        "constraint": wanted.constraint,
        "setup": list(wanted.setup) or None,
        "stderr_to_stdout": True,
        "additional_parameters": {"requeue": True},
    }
    return {key: value for key, value in found.items() if value is not None}


def _slurm_job(launcher: Any, trials: Sequence[Trial]) -> SlurmJob:
    return SlurmJob(
        jobs=trials,
        tasks=launcher.tasks,
        slots=None if launcher.config.slurm.gpus_per_run else launcher.config.slurm.cpus,
        gpus_each=launcher.config.slurm.gpus_per_run or 1,
        task_function=launcher.task_function,
        hydra_context=launcher.hydra_context,
        config=launcher.config,
        singletons=Singleton.get_state(),
    )


def _wait(submitted: dict[str, Sequence[Trial]], progress: SweepProgress, stop_on_error: bool) -> None:
    """Returns once the cluster lists none of the jobs any more."""
    asked = 0.0
    while True:
        progress.update()
        if time.monotonic() - asked >= ASK_S:
            asked = time.monotonic()
            if not still_there(list(submitted)):
                return
            if stop_on_error and "failed" in progress.ended.values():
                _cancel(submitted, "--state=PENDING")
        time.sleep(0.2)


def still_there(ids: Sequence[str]) -> set[str]:
    """Returns the ids of the jobs that still wait or run. Raises UserError if `squeue` does not answer."""
    arrays = sorted({name.partition("_")[0] for name in ids})
    if not arrays:
        return set()
    command = ["squeue", "--noheader", "--array", "--format=%i", f"--jobs={','.join(arrays)}"]
    why = ""
    for _ in range(3):
        listing = subprocess.run(command, capture_output=True, text=True, check=False)
        if listing.returncode == 0:
            return set(listing.stdout.split()) & set(ids)
        why = " ".join(listing.stderr.split())
        if "Invalid job id" in why:  # all of them ended long ago
            return set()
        time.sleep(ASK_S)
    raise UserError(f"squeue does not answer: {why}; the jobs continue by themselves")


def _cancel(submitted: dict[str, Sequence[Trial]], *which: str) -> None:
    arrays = sorted({name.partition("_")[0] for name in submitted})
    if arrays:
        subprocess.run(["scancel", "--quiet", *which, *arrays], check=False)


def _longest_array() -> int:
    settings = subprocess.run(["scontrol", "show", "config"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"MaxArraySize\s*=\s*(\d+)", settings)
    return max(1, int(found[1]) - 1) if found else DEFAULT_ARRAY - 1


def _chunks(items: Iterable[Any], size: int) -> list[list[Any]]:
    rest = iter(items)
    return list(iter(lambda: list(islice(rest, size)), []))
