"""The fork server of a sweep, and Python's resource tracker, outlive the signals that all processes get."""

import subprocess
import sys

import pytest

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


@pytest.mark.long
def test_a_server_without_its_launcher_imports_no_further() -> None:
    code = "import os; ids = iter([7, 1]); os.getppid = lambda: next(ids); import unrolled.sweeps.preload; print('all')"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
