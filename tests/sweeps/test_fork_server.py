"""The fork server of a sweep outlives the signals that a terminal and Slurm send to every process."""

import subprocess
import sys

import pytest

from conftest import ROOT

CODE = """
import multiprocessing, os, signal
from multiprocessing import forkserver
from unrolled.sweeps.local import warm_up

warm_up([])
server = forkserver._forkserver._forkserver_pid
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
    os.kill(server, number)
process = multiprocessing.get_context("forkserver").Process(target=print, args=("a run",))
process.start()
process.join()
print(process.exitcode, sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])))
"""


@pytest.mark.long
def test_signals_to_every_process_leave_the_fork_server_alive() -> None:
    ended = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (ended.stdout.splitlines(), ended.stderr) == (["a run", "0 []"], "")
