"""The process of one run of a sweep."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hydra.core.utils import JobStatus, run_job, setup_globals
from omegaconf import DictConfig

from unrolled.config.hydra_private import job_context, raised
from unrolled.config.schema import register
from unrolled.errors import Interrupted, in_words
from unrolled.processes.logs import log, set_up
from unrolled.processes.signals import ENDING, caught, exposed, raise_on_signals, shielded
from unrolled.processes.streams import surviving
from unrolled.record import ends
from unrolled.record.plan import LOG


def run_cell(task_function: Callable[[DictConfig], Any], config: DictConfig, folder: str, gpus: Sequence[str]) -> None:
    """Executes one run of a sweep and ends the process: exit code 0 with a result, 143 interrupted, 1 failed.

    gpus: names of the GPUs that the run may use, empty: no restriction. They are set here, because the fork server's
    environment was frozen before they were chosen.
    """
    if gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(gpus)
    os.setsid()  # Ctrl-C reaches the launcher alone, and the run's own children can be ended with it
    threading.Thread(target=_end_with_the_launcher, daemon=True).start()
    os._exit(run_here(task_function, config, folder))


def run_here(task_function: Callable[[DictConfig], Any], config: DictConfig, folder: str) -> int:
    """Executes one run in this process, which must serve no other, and returns the exit code.

    Standard output and error go to the log in `folder`.
    """
    file = os.open(f"{folder}/{LOG}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(file, 1)
    os.dup2(file, 2)
    raise_on_signals()
    code = 1
    # a signal that comes after the end is recorded changes nothing
    with contextlib.suppress(Interrupted), surviving(), shielded():
        set_up(stamped=True)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)  # blocked since the fork server
        code = _recorded(task_function, config, folder)
    return code


def _recorded(task_function: Callable[[DictConfig], Any], config: DictConfig, folder: str) -> int:
    """Executes one run, records how it ended if it has not done so itself, and returns the exit code."""
    try:
        with exposed():
            setup_globals()
            register()
            _run(task_function, config)
        code = 0
    except Interrupted as stop:
        caught()
        ends.mark(Path(folder), "interrupted", str(stop))
        code = stop.exit_code
    except BaseException as error:  # SystemExit too: a run that exits early has no result
        ends.mark(Path(folder), "failed", in_words(error))
        log.error(in_words(error), exc_info=True)
        code = 1
    return code


def _run(task_function: Callable[[DictConfig], Any], config: DictConfig) -> None:
    outcome = run_job(
        task_function=task_function,
        config=config,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
        hydra_context=job_context(config),
    )
    if outcome.status == JobStatus.FAILED:
        raise raised(outcome)


def _end_with_the_launcher() -> None:
    """Sends SIGTERM to this process once its launcher has died, which the fork server would outlive."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
