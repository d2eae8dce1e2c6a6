"""Cost of a run of a sweep beyond its own work, by launcher, and the time until the first of a thousand starts."""

import importlib.util
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

from rich.table import Table

from unrolled.processes.resources import cores

EMPTY = ["task=latch", "task.samples=64", "trainer.max_steps=0", "probe=off", "tracker=none", "model.hidden=4"]
SWEEP = ["--config-name", "train", "hydra.mode=MULTIRUN"]
FEW, MANY = 4, 24
PROGRAM = "from unrolled.run.entry import train; import sys; train(sys.argv[1:])"


def table(quick: bool) -> Table:
    """Makes the table. quick: fewer runs, and no whole sweep."""
    made = Table(title=f"Sweeps on {cores()} cores")
    for column in ("what", "s"):
        made.add_column(column, justify="right" if column == "s" else "left")
    many = 8 if quick else MANY
    for name, options in _launchers().items():
        few, more = (_sweep(n, options) for n in (FEW, many))
        each = (more - few) / (many - FEW)
        made.add_row(f"{name}: an empty run, once warm", f"{each:z.2f}")
        made.add_row(f"{name}: {many} empty runs, all in all", f"{more:z.1f}")
    made.add_row("a new process: an empty run", f"{_seconds(_run, EMPTY):z.2f}")
    made.add_row("local: until the first of 1,000 runs starts", f"{_first_of_a_thousand():z.1f}")
    if not quick:
        shared, separate = _default_sweep()
        made.add_row("default sweep (seed 0, 8 units: 12 runs), local", f"{shared:z.1f}")
        made.add_row(
            "the same, a new process for each run", f"{separate:z.1f} ({separate / shared:z.2f} times as long)"
        )
    return made


def _launchers() -> dict[str, list[str]]:
    found = {"local": [], "basic": ["hydra/launcher=basic"]}
    if importlib.util.find_spec("hydra_plugins.hydra_joblib_launcher"):
        found["joblib"] = ["hydra/launcher=joblib", f"hydra.launcher.n_jobs={cores()}"]
    return found


def _sweep(runs: int, options: Sequence[str]) -> float:
    return _seconds(_in_a_folder, [*SWEEP, *EMPTY, f"seed=range(0,{runs})", *options])


def _seconds(call, words: Sequence[str]) -> float:
    start = time.perf_counter()
    call(words)
    return time.perf_counter() - start


def _command(words: Sequence[str]) -> list[str]:
    return [sys.executable, "-c", PROGRAM, *words]


def _run(words: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(_command([*words, f"hydra.run.dir={folder}/run"]), check=True, capture_output=True)


def _in_a_folder(words: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(_command([*words, f"hydra.sweep.dir={folder}/sweep"]), check=True, capture_output=True)


def _first_of_a_thousand() -> float:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        words = [*SWEEP, *EMPTY, "seed=range(0,500)", "activation=tanh,relu", f"hydra.sweep.dir={folder}/sweep"]
        start = time.perf_counter()
        with subprocess.Popen(_command(words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as launcher:
            while not (Path(folder) / "sweep" / "0" / "status.json").is_file():
                if launcher.poll() is not None:
                    raise RuntimeError(
                        f"the sweep of 1,000 runs ended with exit code {launcher.returncode}: no run started"
                    )
                time.sleep(0.02)
            seconds = time.perf_counter() - start
            launcher.terminate()
        return seconds


def _default_sweep() -> tuple[float, float]:
    """Times the default sweep, and its runs as separate processes, as many at once as there are cores."""
    words = ["seed=0", "model.hidden=8", "tracker=none"]
    shared = _seconds(_in_a_folder, ["--config-name", "activations", *words])
    grid = product(("tanh", "relu", "sigmoid", "identity"), (0.5, 1.0, 1.5))
    each = [[*words, "trainer.max_epochs=3", f"activation={name}", f"init.gain={gain}"] for name, gain in grid]
    start = time.perf_counter()
    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(_run, each))
    return shared, time.perf_counter() - start
