"""The Python file of a user's own task: its import, and the line of it at which its code fails."""

import importlib.util
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from unrolled.config.relative import resolved
from unrolled.config.stamp import Stamp, stamp
from unrolled.errors import UserError

from .opened import opened

LONGEST = 300  # characters of another library's message


def import_file(file: str | None, *, seeded: bool = False) -> ModuleType:
    """Returns the module of a user's own task, executed once for each state of its file and of those that it has read.

    seeded: whether the state of the global random generators decides its numbers. A file that draws from them, or seeds
    them, while it is executed is then executed again.
    Raises UserError if the file cannot be imported, or has no `load`.
    """
    known = _stamp(file)
    if not known.file.name.endswith(".py"):
        raise UserError(f"task.file={file}: not a Python file (its name must end in .py)", "task.file")
    with code_of(str(file)):
        kept = _EXECUTED.get(known)
        if kept is None or (seeded and kept.draws) or list(kept.files.values()) != also_read(known):
            kept = _EXECUTED[known] = _execute(known)
    if not callable(getattr(kept.module, "load", None)):
        wanted = "has no function load(config, seed) that returns an unrolled.tasks.data.Data"
        raise UserError(f"task.file={file} {wanted}", "task.file")
    return kept.module


class _Executed(NamedTuple):
    """A file that was executed.

    draws: whether the file's own code changes the state of the global random generators.
    files: what it has opened, while it was executed and since, as each was then.
    """

    module: ModuleType
    draws: bool
    files: dict[Path, Stamp]


_EXECUTED: dict[Stamp, _Executed] = {}


def also_read(known: Stamp) -> list[Stamp]:
    """Returns the files that a user's own task has opened in this process, as they are now."""
    kept = _EXECUTED.get(known)
    return [stamp(file) for file in kept.files if file.is_file() and file != known.file] if kept else []


@contextmanager
def noted(file: str | None) -> Iterator[None]:
    """Adds what the block opens to the files of a user's own task, which has been imported."""
    known = _stamp(file)
    kept = _EXECUTED.get(known)
    files = kept.files if kept else {}  # the file may have changed since it was imported
    with opened(files):
        yield
    files.pop(known.file, None)


def _stamp(file: str | None) -> Stamp:
    """Returns the stamp of a file. Raises UserError if it is none."""
    try:
        known = stamp(file or "")
    except OSError as error:
        if not isinstance(error, FileNotFoundError):
            raise UserError(f"task.file={file}: it cannot be read ({error.strerror})", "task.file") from None
        known = None
    if known is None or not known.file.is_file():
        wanted = "no such file; task=own needs the Python file of your task"
        raise UserError(f"task.file={file}: {wanted}", "task.file")
    return known


def _execute(known: Stamp) -> _Executed:
    file, files = known.file, {each.file: each for each in also_read(known)}
    spec = importlib.util.spec_from_file_location(f"own_task_{file.stem}", file)
    assert spec is not None and isinstance(spec.loader, SourceFileLoader)
    spec.loader.get_code(spec.name)  # a syntax error is raised before torch is imported
    module = importlib.util.module_from_spec(spec)
    before = _random_states()
    sys.modules[spec.name] = module
    with opened(files):
        spec.loader.exec_module(module)
    files.pop(file, None)
    return _Executed(module, _random_states() != before, files)


def _random_states() -> tuple[bytes, bytes, bytes]:
    """Returns the states of Python's, NumPy's and torch's global generators."""
    import numpy as np
    import torch

    numpy: Any = np.random.get_state()
    return (
        repr(random.getstate()).encode(),
        repr(numpy[2:]).encode() + numpy[1].tobytes(),
        bytes(torch.get_rng_state().numpy()),
    )


@contextmanager
def code_of(file: str, calling: str = "") -> Iterator[None]:
    """Raises UserError, with the line of the file, for whatever its code raises, `sys.exit` included.

    file: as `task.file` has it.
    calling: what is called, for the message where the error is at no line of the file.
    """
    try:
        yield
    except UserError as error:
        raise error if error.key else UserError(f"task.file={file}: {error}", "task.file") from error
    except (Exception, SystemExit) as error:
        line = _line(error, resolved(file))
        where = calling and f": {calling}" if line is None else f", line {line}"
        raise UserError(f"task.file={file}{where}: {_described(error)}", "task.file") from error


def _described(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it calls sys.exit({'' if error.code is None else error.code}), which would end the run"
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    first = (message.strip().splitlines() or [""])[0]
    if len(first) > LONGEST:
        first = f"{first[:LONGEST]} ..."
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _line(error: BaseException, file: Path) -> int | None:
    """Returns the innermost line of the file that the error came through; None: none."""
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return error.lineno
    found, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            found = trace.tb_lineno
        trace = trace.tb_next
    return found
