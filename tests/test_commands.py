"""Commands that tests run behave like commands that users type: input, files, exit codes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from commands import Command, run

LOOK = """
import atexit, json, os, random, sys, threading
import numpy, torch
atexit.register(print, "at exit")
threading.Timer(0.2, print, ["from a thread"]).start()
print(json.dumps({
    "argv": sys.argv, "folder": os.getcwd(), "path": sys.path[0], "environment": dict(os.environ), "name": __name__,
    "leads": os.getsid(0) == os.getpgid(0) == os.getpid(), "threads": torch.get_num_threads(),
    "input": sys.stdin.read(),
    "draws": [random.random(), numpy.random.rand(), torch.initial_seed()],
    "files": len(os.listdir("/proc/self/fd")),
    "handlers": [str(__import__("signal").getsignal(n)) for n in (2, 15, 1)], "main": sys.modules["__main__"].__file__,
}))
print("to the other", file=sys.stderr)
sys.exit(7)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "script.py"
    file.write_text(LOOK)
    return file


def found(ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    return json.loads(ended.stdout.splitlines()[0])


def _as_in_a_terminal() -> None:
    """A shell starts what it runs in the background with SIGINT ignored."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def test_it_finds_what_a_process_that_starts_from_nothing_finds(script: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "ONE": "1"}
    forked = run(script, "a b", "c", folder=tmp_path, environment=environment)
    command = [sys.executable, str(script), "a b", "c"]
    fresh = subprocess.run(
        command, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, start_new_session=True,
        capture_output=True, text=True, check=False, preexec_fn=_as_in_a_terminal,
    )  # fmt: skip
    assert (forked.returncode, forked.stderr) == (fresh.returncode, fresh.stderr) == (7, "to the other\n")
    forked_state, expected = found(forked), found(fresh)
    assert all(a != b for a, b in zip(forked_state.pop("draws"), expected.pop("draws"), strict=True))
    assert forked_state == expected
    assert forked.stdout.splitlines()[1:] == ["from a thread", "at exit"]


def test_two_commands_do_not_know_of_each_other(script: Path, tmp_path: Path) -> None:
    first, second = (run(script, folder=tmp_path, environment={**os.environ, "N": n}) for n in "12")
    one, other = found(first), found(second)
    assert one.pop("draws") != other.pop("draws")
    assert (one.pop("environment")["N"], other.pop("environment")["N"]) == ("1", "2")
    assert one == other


def test_an_error_has_its_traceback_and_exit_code(tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    file.write_text("raise ValueError('odd')")
    ended = run(file)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == "ValueError: odd"


def test_a_signal_ends_it_and_is_its_exit_code(tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    file.write_text("import time\nprint('ready', flush=True)\ntime.sleep(60)")
    for number in (signal.SIGTERM, signal.SIGKILL):
        command = Command(file)
        assert command.poll() is None
        command.send_signal(number)
        command.communicate(timeout=20)
        assert command.returncode == -number
        command.send_signal(number)  # as Popen: no error once it has ended


def test_a_command_that_takes_too_long_is_killed_with_its_children(tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    file.write_text("import subprocess\nsubprocess.run(['sleep', '61.25'])")
    with pytest.raises(subprocess.TimeoutExpired):
        run(file, timeout_s=1)
    deadline = time.monotonic() + 10
    while any(b"61.25" in _command(process) for process in Path("/proc").glob("[0-9]*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _command(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""
