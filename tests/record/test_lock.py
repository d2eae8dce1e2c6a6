"""One process at a time works in a folder, on every kind of file system."""

import errno
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from unrolled.errors import UserError
from unrolled.record import lock
from unrolled.record.lock import LOCK, check_idle, exclusive


@contextmanager
def holder(folder: Path) -> Iterator[int]:
    """Another process that holds the lock of a folder; yields its number."""
    ready, gone = os.pipe()
    if (child := os.fork()) == 0:
        with exclusive(folder):
            os.write(gone, b".")
            while True:
                time.sleep(1)
    assert os.read(ready, 1) == b"."
    os.close(ready)
    os.close(gone)
    try:
        yield child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.fixture(params=[None, errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def no_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int | None:
    """A file system whose locks fail with this error; None: one that has locks."""
    if request.param is not None:

        def flock(*_: object) -> None:
            raise OSError(request.param, os.strerror(request.param))

        monkeypatch.setattr(fcntl, "flock", flock)
    return request.param


@pytest.mark.usefixtures("no_locks")
def test_a_second_process_is_refused_as_long_as_the_first_is_alive(tmp_path: Path) -> None:
    with holder(tmp_path) as pid:
        for enter in (lambda: exclusive(tmp_path).__enter__(), lambda: check_idle(tmp_path)):
            with pytest.raises(UserError, match=rf"{tmp_path}: process {pid} on .+ is at work here: wait until"):
                enter()
    with exclusive(tmp_path):  # killed with SIGKILL, the first has left its lock file behind
        pass


@pytest.mark.usefixtures("no_locks")
def test_a_lock_file_of_another_machine_or_of_a_dead_process_holds_nothing(tmp_path: Path) -> None:
    for left in ("", "no number", f"{os.getppid()} another-machine", "4194303 " + lock.platform.node(), "0 x", "-1 x"):
        (tmp_path / LOCK).write_text(left)
        check_idle(tmp_path)
        assert (tmp_path / LOCK).read_text() == left
        with exclusive(tmp_path):
            assert (tmp_path / LOCK).read_text() == f"{os.getpid()} {lock.platform.node()}\n"


def test_to_look_leaves_no_file(tmp_path: Path) -> None:
    check_idle(tmp_path)
    check_idle(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []


def test_a_wait_ends_when_the_other_process_does(tmp_path: Path) -> None:
    with holder(tmp_path) as pid:
        os.kill(pid, signal.SIGKILL)
        check_idle(tmp_path, wait_s=60.0)


def test_children_that_were_forked_hold_the_lock_too(tmp_path: Path) -> None:
    """The ranks of a run may outlive the process that started them by some seconds."""
    with exclusive(tmp_path):
        ready, gone = os.pipe()
        if (child := os.fork()) == 0:
            os.read(ready, 1)
            os._exit(0)
    with pytest.raises(UserError, match="is at work here"):
        check_idle(tmp_path)
    os.write(gone, b".")
    os.waitpid(child, 0)
    check_idle(tmp_path)


def test_a_lock_is_taken_through_a_descriptor_that_can_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NFS refuses an exclusive lock on a descriptor that is open for reading only."""
    given = fcntl.flock

    def flock(file: object, operation: int) -> None:
        mode = fcntl.fcntl(file.fileno(), fcntl.F_GETFL) & os.O_ACCMODE  # type: ignore[attr-defined]
        if operation & fcntl.LOCK_EX and mode == os.O_RDONLY:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        given(file, operation)  # type: ignore[arg-type]

    monkeypatch.setattr(fcntl, "flock", flock)
    with exclusive(tmp_path):
        pass
    check_idle(tmp_path)


def test_an_unknown_error_is_not_taken_for_a_free_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(OSError, match="Input/output error"), exclusive(tmp_path):
        pass
