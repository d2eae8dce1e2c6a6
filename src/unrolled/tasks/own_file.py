"""The Python file of a user's own task: its import, and the line of it at which its code fails."""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from unrolled.errors import UserError

LONGEST = 300  # characters of another library's message


def import_file(file: str | None) -> ModuleType:
    """Returns the module of a user's own task. Raises UserError if the file cannot be imported, or has no `load`."""
    path = Path(file or "")
    if not path.is_file():
        wanted = "no such file; task=own needs the Python file of your task"
        raise UserError(f"task.file={file}: {wanted}", "task.file")
    spec = importlib.util.spec_from_file_location(f"own_task_{path.stem}", path.absolute())
    if spec is None or spec.loader is None:
        raise UserError(f"task.file={file}: not a Python file (its name must end in .py)", "task.file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    with code_of(str(file)):
        spec.loader.exec_module(module)
    if not callable(getattr(module, "load", None)):
        wanted = "has no function load(config, seed) that returns an unrolled.tasks.data.Data"
        raise UserError(f"task.file={file} {wanted}", "task.file")
    return module


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
        line = _line(error, Path(file).absolute())
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
