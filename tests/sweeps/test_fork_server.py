"""The fork server of a sweep, and Python's resource tracker, outlive the signals that all processes get."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from commands import TRAIN
from conftest import ROOT

CODE = """
import multiprocessing, os, signal
from multiprocessing import forkserver, resource_tracker
from unrolled.processes.signals import ENDING
from unrolled.sweeps.local import warm_up

warm_up([])
server = forkserver._forkserver._forkserver_pid
tracker = resource_tracker._resource_tracker._pid
for number in (*ENDING, signal.SIGTERM):
    os.kill(server, number)
    os.kill(tracker, number)
process = multiprocessing.get_context("forkserver").Process(target=print, args=("a run",))
process.start()
process.join()
print(process.exitcode, sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])))
"""


@pytest.mark.long
def test_signals_to_every_process_leave_these_two_alive() -> None:
    ended = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (ended.stdout.splitlines(), ended.stderr) == (["a run", "0 []"], "")


def session(leader: int) -> list[int]:
    """The processes of a session that are alive."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, number = (process / "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(number) == leader and state != "Z":
            found.append(int(process.name))
    return found


@pytest.mark.long
def test_a_sweep_that_is_refused_leaves_no_process(tmp_path: Path) -> None:
    command = [sys.executable, str(TRAIN), "--config-name", "activations", "seed=0,x"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        assert process.wait() == 2
    deadline = time.monotonic() + 5
    while session(process.pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert list(tmp_path.iterdir()) == []
