"""Submission of a sweep's jobs, with a submitit that submits nothing."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from commands import TRAIN, run
from unrolled.errors import Interrupted
from unrolled.processes.signals import ENDING, raise_on_signals
from unrolled.sweeps import slurm
from unrolled.sweeps.plan import Trial

WANTED = {"partition": None, "account": None, "qos": None, "constraint": None, "setup": [], "cpus": 1}
WANTED |= {"timeout_min": 60, "runs_per_job": 1, "gpus_per_run": 0, "mem_gb": None}


class Cluster:
    """Job arrays of two; a signal comes in the middle of the second, or none."""

    def __init__(self, number: int | None) -> None:
        self.number, self.submitted, self.cancelled = number, 0, []

    def executor(self, **_: Any) -> "Cluster":
        return self

    def update_parameters(self, **_: Any) -> None: ...

    @contextlib.contextmanager
    def batch(self) -> Iterator[None]:
        if self.submitted and self.number is not None:
            signal.raise_signal(self.number)  # in this thread: another one may be late
        yield

    def submit(self, _: Any) -> SimpleNamespace:
        self.submitted += 1
        return SimpleNamespace(job_id=f"77_{self.submitted}")

    def cancel(self, found: dict[str, Any], *_: str) -> None:
        self.cancelled += found


def launched(cluster: Cluster, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "slurm").mkdir()
    monkeypatch.setattr("submitit.SlurmExecutor", cluster.executor)
    monkeypatch.setattr(slurm, "_longest_array", lambda: 2)
    monkeypatch.setattr(slurm, "_cancel", cluster.cancel)
    monkeypatch.setattr(slurm, "still_there", lambda _: set())
    for name in ("_slurm_job", "setup_globals", "configure_log"):
        monkeypatch.setattr(slurm, name, lambda *_: None)
    hydra = SimpleNamespace(sweep=SimpleNamespace(dir=str(folder)), hydra_logging=None, verbose=False)
    config = SimpleNamespace(hydra=hydra, sweep=SimpleNamespace(on_error="continue"), slurm=SimpleNamespace(**WANTED))
    launcher = SimpleNamespace(config=config, jobs=[Trial(i, []) for i in range(6)], tasks=[])
    slurm.launch(launcher, [[]] * 6, 0)


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_during_submission_cancels_what_is_submitted(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(number)
    raise_on_signals()
    with pytest.raises(Interrupted) as stop:
        launched(cluster, tmp_path, monkeypatch)
    assert stop.value.number == number
    assert cluster.submitted == 4  # the array that was being submitted has its ids
    assert cluster.cancelled == ["77_1", "77_2", "77_3", "77_4"]
    assert (tmp_path / "slurm" / "jobs.txt").read_text().split() == cluster.cancelled


def test_without_one_all_are_submitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(None)
    launched(cluster, tmp_path, monkeypatch)
    assert (cluster.submitted, cluster.cancelled) == (6, [])


@pytest.mark.parametrize(("gb", "asked"), [(1e-9, "1MB"), (0.0005, "1MB"), (0.5, "512MB"), (2.0, "2048MB")])
def test_a_little_memory_is_not_all_of_it(gb: float, asked: str) -> None:
    wanted = SimpleNamespace(**{**WANTED, "mem_gb": gb})
    assert slurm.parameters(wanted, "a sweep", 1, 1, False)["mem"] == asked


def test_a_machine_that_is_no_part_of_a_cluster_is_told_so(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": str(Path(sys.executable).parent)}
    words = ["--config-name", "train", "hydra.mode=MULTIRUN", "hydra/launcher=slurm", "seed=0,1"]
    words.append(f"hydra.sweep.dir={tmp_path / 'sweep'}")
    ended = run(TRAIN, *words, environment=environment)
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
    assert "sbatch, squeue, scancel not found" in ended.stderr
    assert not any(tmp_path.iterdir())
