"""Commands as a user types them, each in a process forked from one that has imported torch, Lightning and W&B.

Where the start itself is what a test is about (a clean import, a signal while modules load, another source), it takes
`subprocess`. What libraries read of the environment while they are loaded is that of the tests.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile

ROOT = Path(__file__).resolve().parents[1]
TRAIN = ROOT / "src" / "train.py"
UNROLLED = Path(sys.executable).parent / "unrolled"


@cache
def _server() -> socket.socket:
    """The line to this process's own server, which ends with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    nowhere, number = subprocess.DEVNULL, theirs.fileno()
    command = [sys.executable, str(ROOT / "tests" / "preloaded.py"), str(number)]
    server = subprocess.Popen(
        command, pass_fds=[number], stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
    )
    server.returncode = 0  # it outlives what Python waits for: it ends when our end of the line is closed
    theirs.close()
    atexit.register(ours.close)
    return ours


class Command:
    """One that runs: the part of `subprocess.Popen` that tests use. Its process leads a session of its own."""

    def __init__(
        self, script: Path, *words: str, folder: Path = ROOT, environment: Mapping[str, str] | None = None
    ) -> None:
        self.args = [str(script), *words]
        self.returncode: int | None = None
        self._output, self._errors = TemporaryFile(), TemporaryFile()  # noqa: SIM115
        self._answers, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        order = {"script": str(script), "words": words, "folder": str(folder)}
        order["environment"] = dict(os.environ if environment is None else environment)
        with theirs:
            files = [file.fileno() for file in (self._output, self._errors, theirs)]
            socket.send_fds(_server(), [json.dumps(order).encode()], files)
        self.pid = self._answer()

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._within(0)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it has written, once it has ended. Raises TimeoutExpired, and it runs on."""
        if self._within(timeout) is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        written = []
        for file in (self._output, self._errors):
            file.seek(0)
            written.append(file.read().decode())
            file.close()
        return written[0], written[1]

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def end(self) -> None:
        """Kills it, where it still runs, with what it has started in its process group; what it has written is lost."""
        if self.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
            self._within(None)
        self._output.close()
        self._errors.close()

    def _within(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._answers], [], [], timeout)[0]:
            self.returncode = self._answer()
            self._answers.close()
        return self.returncode

    def _answer(self) -> int:
        told = self._answers.recv(64)
        assert told, "the process that commands are forked from is gone"
        return int(told)


def run(
    script: Path,
    *words: str,
    folder: Path = ROOT,
    environment: Mapping[str, str] | None = None,
    timeout_s: float = 600,
) -> subprocess.CompletedProcess[str]:
    """A command from its start to its end. Raises TimeoutExpired once it is killed."""
    command = Command(script, *words, folder=folder, environment=environment)
    try:
        output, errors = command.communicate(timeout_s)
    except subprocess.TimeoutExpired:
        command.end()
        raise
    assert command.returncode is not None
    return subprocess.CompletedProcess(command.args, command.returncode, output, errors)


def train(*words: str, timeout_s: float = 600) -> subprocess.CompletedProcess[str]:
    """`python src/train.py WORDS`."""
    return run(TRAIN, *words, timeout_s=timeout_s)


def unrolled(
    *words: str, folder: Path = ROOT, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`unrolled WORDS`."""
    return run(UNROLLED, *words, folder=folder, environment=environment)
