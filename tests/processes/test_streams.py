"""What becomes of a command whose output nobody can take: it does its work, and ends as if it had been read."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import ROOT, some
from unrolled.record import status
from unrolled.run.entry import train

SMALL = ["task=latch", "task.samples=64", "trainer.max_steps=2", "probe.births=2", "model.hidden=4", "tracker=none"]
SHELL = {
    "closed": ">&-",
    "nobody reads it": "| :",
    "only its first line is read": "| head -1",
    "a full disk": "> /dev/full",
    "all three are closed": ">&- 2>&- <&-",
    "no input": "<&-",
}


def forked(body: Callable[[], None], *numbers: int, onto: str) -> int:
    """The exit code of a process forked from this one, with some of its descriptors made unusable."""
    if (child := os.fork()) == 0:
        for number in numbers:
            if onto == "closed":
                os.close(number)
            else:
                os.dup2(os.open(onto, os.O_WRONLY) if onto != "pipe" else _unread(), number)
        sys.stdout = None if onto == "closed" else os.fdopen(1, "w")
        sys.stderr = None if onto == "closed" and 2 in numbers else os.fdopen(2, "w")
        code = 0
        try:
            body()
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _unread() -> int:
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.mark.parametrize("numbers", [(1,), (1, 2)])
@pytest.mark.parametrize("onto", some(["pipe", "closed", "/dev/full"], 3))
def test_a_run_completes_though_its_output_goes_nowhere(numbers: tuple[int, ...], onto: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert forked(lambda: train([*SMALL, f"hydra.run.dir={folder}"]), *numbers, onto=onto) == 0
    assert status.read(folder)["state"] == "completed"
    assert (folder / "checkpoints" / "last.ckpt").is_file()


@pytest.mark.long
@pytest.mark.parametrize("how", SHELL)
@pytest.mark.parametrize("dumb", [False, True])
def test_so_does_a_sweep(how: str, dumb: bool, tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    words = " ".join(["-m", "seed=0,1", *SMALL, f"hydra.sweep.dir={folder}"])
    script = f"{sys.executable} src/train.py {words} {SHELL[how]}; exit ${{PIPESTATUS[0]}}"
    environment = {**os.environ, "TERM": "dumb" if dumb else "xterm"}
    ended = subprocess.run(["bash", "-c", script], cwd=ROOT, env=environment, capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert [status.read(folder / number)["state"] for number in "01"] == ["completed", "completed"]
    assert (folder / "report.html").is_file() and (folder / "results.csv").is_file()


@pytest.mark.parametrize("how", ["only its first line is read", "a full disk"])
def test_a_listing_that_is_cut_off_ends_quietly(how: str) -> None:
    script = f"{sys.executable} -m unrolled.cli --help {SHELL[how]}; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
