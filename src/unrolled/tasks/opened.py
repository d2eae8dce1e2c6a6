"""The files that are opened for reading in a block, by an audit hook, which Python calls for each opened file."""

import os
import site
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from unrolled.config.files import CONF, SWEEPS
from unrolled.config.stamp import Stamp, stamp

_OF_THE_SYSTEM = ("/proc", "/dev", "/sys", "/etc", "/usr/share")
_OF_PROGRAMS = (".cache", ".config", ".local")  # in the user's home
_COMPILED = ".pyc"


class _Watch:
    """What a thread opens: the paths that it reads, in their order, and those that it writes."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.read: dict[str, None] = {}
        self.written: set[str] = set()

    def note(self, path: Any, flags: Any) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return  # a number of an open file
        name = os.path.normpath(Path(os.fsdecode(path)).absolute())
        if isinstance(flags, int) and flags & os.O_ACCMODE != os.O_RDONLY:
            self.written.add(name)
        else:
            self.read[name] = None


_watches: list[_Watch] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watches or event != "open":
        return
    for watch in _watches:
        if watch.thread == threading.get_ident():
            watch.note(arguments[0], arguments[2])


@cache
def _install() -> None:
    """Adds the hook, once in a process: Python can remove none."""
    sys.addaudithook(_hook)


@contextmanager
def opened(files: dict[Path, Stamp]) -> Iterator[None]:
    """Adds to `files` those that this thread opens in the block, reads and does not write.

    Files of Python, of installed packages, of the system and of Unrolled are left out. A file that a library opens
    without Python is not noticed.
    """
    _install()
    watch = _Watch()
    _watches.append(watch)
    try:
        yield
    finally:
        _watches.remove(watch)
        files.update((known.file, known) for known in _data_files(watch))


def _data_files(watch: _Watch) -> Iterator[Stamp]:
    for name in watch.read:
        file = _source(Path(name))
        if name not in watch.written and file.is_file() and not any(file.is_relative_to(each) for each in _left_out()):
            yield stamp(file)


def _source(file: Path) -> Path:
    """Returns the source of a compiled module; any other file as it is."""
    if file.suffix != _COMPILED or file.parent.name != "__pycache__":
        return file
    return file.parent.with_name(f"{file.name.partition('.')[0]}.py")


@cache
def _left_out() -> tuple[Path, ...]:
    """Returns the folders whose files are no data of a task."""
    python = [sys.prefix, sys.exec_prefix, sys.base_prefix, *sysconfig.get_paths().values()]
    packages = [*site.getsitepackages(), site.getusersitepackages()]
    ours = [str(Path(__file__).parents[1]), str(CONF), str(SWEEPS)]
    home = [str(Path.home() / name) for name in _OF_PROGRAMS]
    named = [Path(each).absolute() for each in (*python, *packages, *ours, *home, *_OF_THE_SYSTEM)]
    return tuple(dict.fromkeys([*named, *(each.resolve() for each in named)]))
