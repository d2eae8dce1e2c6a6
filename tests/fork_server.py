"""The fork server of a sweep, itself forked from a process that has imported all: it starts in no time.

What it does afterwards is what `multiprocessing` has it do, with the descriptors, the folder and the environment that
a new process would have.
"""

import atexit
import fcntl
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing import util
from pathlib import Path

LONGEST = 1 << 20  # bytes of an order
HIGH = 1000  # descriptors from here on are nobody's


def keep_ready(separate: Callable[[], None]) -> None:
    """Forks what will be the first fork server that this process starts; it ends where none is started.

    separate: gives a forked process what must be its own.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if (pid := os.fork()) == 0:
        ours.close()
        separate()
        _serve(theirs)
    theirs.close()
    start = util.spawnv_passfds

    def forked(path: bytes, arguments: Sequence[str], descriptors: Sequence[int]) -> int:
        command = arguments[-1]
        if "multiprocessing.forkserver" not in command:
            return start(path, arguments, descriptors)
        util.spawnv_passfds = start
        order = {"command": command, "numbers": list(descriptors), "folder": str(Path.cwd())}
        order["environment"] = dict(os.environ)
        order["blocked"] = [int(each) for each in signal.pthread_sigmask(signal.SIG_BLOCK, [])]
        with ours:
            socket.send_fds(ours, [json.dumps(order).encode()], list(descriptors))
        return pid

    util.spawnv_passfds = forked


def _serve(line: socket.socket) -> None:
    text, received, _, _ = socket.recv_fds(line, LONGEST, 8)
    if not text:
        os._exit(0)
    line.close()
    order = json.loads(text)
    for number, descriptor in zip(order["numbers"], _moved(received), strict=True):
        os.dup2(descriptor, number)
        os.close(descriptor)
    signal.pthread_sigmask(signal.SIG_SETMASK, order["blocked"])
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    sys.argv = ["-c"]
    with suppress(SystemExit):
        exec(order["command"], {})
    atexit._run_exitfuncs()
    os._exit(0)


def _moved(descriptors: Sequence[int]) -> list[int]:
    """Out of the way of the numbers that they will have."""
    moved = []
    for each in descriptors:
        moved.append(fcntl.fcntl(each, fcntl.F_DUPFD, HIGH))
        os.close(each)
    return moved
