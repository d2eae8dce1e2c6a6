"""Mutual exclusion: one process at a time works in the folder of a run or of a sweep."""

import errno
import fcntl
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from unrolled.errors import UserError

LOCK = ".lock"
POLL_S = 0.1
WAIT_S = 20  # for a run of a sweep whose launcher has died: the run notices and ends by itself
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)  # Lustre without `-o flock`, NFS without its lock service


@contextmanager
def exclusive(folder: Path, wait_s: float = 0.0) -> Iterator[None]:
    """Locks a folder for this process and for the children that it forks in the block.

    The lock ends with the last of these processes, however it ends. Where the file system has no locks, the process
    that the lock file names counts as long as it is alive on this machine.
    wait_s: seconds for which to wait for another process to end.
    Raises UserError if another process holds the lock after that time.
    """
    with (folder / LOCK).open("a+", encoding="utf-8") as file:  # NFS locks descriptors that are open for writing only
        _acquire(file, folder, wait_s)
        file.truncate(0)
        file.write(f"{os.getpid()} {platform.node()}\n")
        file.flush()
        yield


def check_idle(folder: Path, wait_s: float = 0.0) -> None:
    """Raises UserError if another process holds the lock of a folder. Creates no file.

    wait_s: seconds for which to wait for that process to end.
    """
    if (folder / LOCK).is_file():
        with (folder / LOCK).open("a+", encoding="utf-8") as file:
            _acquire(file, folder, wait_s)


def _acquire(file: TextIO, folder: Path, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while not _free(file):
        if time.monotonic() >= deadline:
            pid, host = _holder(file)
            who = f"process {pid} on {host}" if pid else "another process"
            raise UserError(f"{folder}: {who} is at work here: wait until it has ended, or end it")
        time.sleep(POLL_S)


def _free(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return not _alive(*_holder(file))
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def _holder(file: TextIO) -> tuple[int, str]:
    """Returns process number and machine of the lock's last holder; (0, "") if there is none."""
    file.seek(0)
    pid, _, host = file.readline().strip().partition(" ")
    return (int(pid), host) if pid.isdecimal() else (0, "")


def _alive(pid: int, host: str) -> bool:
    """Returns whether another process of this machine is alive."""
    if not pid or host != platform.node() or pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
