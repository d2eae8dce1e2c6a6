"""What goes wrong with one run in the launcher's own hands ends neither the launcher nor another run."""

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from unrolled.record import status
from unrolled.sweeps import pool as pools
from unrolled.sweeps.plan import Trial
from unrolled.sweeps.pool import Pool, RunningTrial
from unrolled.sweeps.slots import Slots


class Ended:
    """A process that has ended with a result. Its sentinel is always readable."""

    pid, exitcode = None, 0

    def __init__(self, folder: Path) -> None:
        self.sentinel, writing = os.pipe()
        os.close(writing)
        folder.mkdir()
        status.write(folder, {"state": "completed"})

    def join(self) -> None: ...

    def close(self) -> None:
        os.close(self.sentinel)


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pool:
    """Four trials, each started as a process that has ended already."""
    sweep = SimpleNamespace(run_timeout_min=1, on_error="continue")
    config = SimpleNamespace(hydra=SimpleNamespace(sweep=SimpleNamespace(dir=str(tmp_path))), sweep=sweep)
    made = Pool(SimpleNamespace(jobs=[Trial(number, []) for number in range(4)], config=config), 1)

    def start(self: Pool, trial: Trial, lease) -> None:
        process = Ended(self.sweep / str(trial.number))
        self.running[process.sentinel] = RunningTrial(self.sweep / str(trial.number), process, lease, 1e18)  # type: ignore[arg-type]

    monkeypatch.setattr(Pool, "_start", start)
    monkeypatch.setattr(pools, "_signal_group", lambda *_: None)
    return made


def states(pool: Pool) -> list[str | None]:
    return [status.read(pool.sweep / str(number)).get("state") for number in range(4)]


def test_the_others_are_run(pool: Pool) -> None:
    pool.run(lambda: None)
    assert states(pool) == ["completed"] * 4


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), EOFError("the server is gone")])
@pytest.mark.parametrize("stop", [False, True])
def test_a_run_that_cannot_be_started_fails_alone(
    error: Exception, stop: bool, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Pool._start

    def fails(self: Pool, trial: Trial, lease) -> None:
        if trial.number == 1:
            raise error
        start(self, trial, lease)

    monkeypatch.setattr(Pool, "_start", fails)
    pool.stop_on_error = stop
    pool.run(lambda: None)
    assert states(pool) == (
        ["completed", "failed", None, None] if stop else ["completed", "failed"] + ["completed"] * 2
    )
    assert str(error) in status.read(pool.sweep / "1")["error"]


def test_a_record_that_cannot_be_read_frees_its_place(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    read = pools.ends.read

    def stale(folder: Path):
        if folder.name == "0":
            raise OSError(errno.ESTALE, "Stale file handle")
        return read(folder)

    monkeypatch.setattr(pools.ends, "read", stale)
    pool.run(lambda: None)
    assert states(pool) == ["completed"] * 4


def test_a_run_whose_gpus_are_not_there_fails_at_once(pool: Pool) -> None:
    pool.waiting[2] = Trial(2, [], on_gpu=True)
    pool.slots = Slots(1, [])
    pool.run(lambda: None)
    assert states(pool) == ["completed", "completed", "failed", "completed"]
    assert status.read(pool.sweep / "2")["error"] == "the run needs 1 GPU, and 0 can be used here"
