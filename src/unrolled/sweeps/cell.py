"""The body of a cell's process."""

import contextlib
import fcntl
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hydra._internal.callbacks import Callbacks
from hydra.core.utils import JobStatus, run_job, setup_globals
from hydra.types import HydraContext
from omegaconf import DictConfig

from unrolled.config.schema import register
from unrolled.errors import Interrupted
from unrolled.processes.signals import raise_on_signals
from unrolled.record import ends
from unrolled.record.plan import LOG


def run_cell(task_function: Callable[[DictConfig], Any], config: DictConfig, folder: str, gpus: Sequence[str]) -> None:
    """Runs one cell and ends the process: 0 with a result, 143 interrupted, 1 failed.

    gpus: those it may use; the fork server's environment is older than the choice.
    """
    if gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(gpus)
    os.setsid()  # Ctrl-C goes to the launcher alone, and what the cell starts can be ended with it
    threading.Thread(target=_end_with_the_launcher, daemon=True).start()
    os._exit(run_here(task_function, config, folder))


def run_here(task_function: Callable[[DictConfig], Any], config: DictConfig, folder: str) -> int:
    """Runs one cell in this process, which is for it alone, and returns the exit code."""
    log = os.open(f"{folder}/{LOG}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    fcntl.flock(log, fcntl.LOCK_EX)  # for as long as the cell, or what it has started, lives
    os.dup2(log, 1)
    os.dup2(log, 2)
    raise_on_signals()
    setup_globals()
    register()
    try:
        _run(task_function, config)
        code = 0
    except Interrupted as stop:
        ends.mark(Path(folder), "interrupted", str(stop))
        code = stop.exit_code
    except BaseException as error:  # SystemExit too: a cell that leaves early has no result
        traceback.print_exc()
        first_line = (str(error).splitlines() or [""])[0]
        ends.mark(Path(folder), "failed", f"{type(error).__name__}: {first_line}")
        code = 1
    with contextlib.suppress(OSError):  # a full disk: the exit code still tells
        sys.stdout.flush()
    return code


def _run(task_function: Callable[[DictConfig], Any], config: DictConfig) -> None:
    context = HydraContext(config_loader=None, callbacks=Callbacks(config))  # type: ignore[arg-type]
    outcome = run_job(
        task_function=task_function,
        config=config,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
        hydra_context=context,
    )
    if outcome.status == JobStatus.FAILED:
        raise outcome._return_value


def _end_with_the_launcher() -> None:
    """The fork server lives on as long as a cell does: only the cell itself can notice that its launcher is gone."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
