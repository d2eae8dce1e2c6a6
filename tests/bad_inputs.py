"""Runs bad inputs through the real command; as a script it prints how many of each entrance there are, and how slow.

Each is typed into an empty folder, in this process.
"""

import contextlib
import io
import os
import re
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from unittest.mock import patch

import bad_command_lines as lines
import bad_folders as folders
from bad_folders import Files, Made

PYTHON = re.compile(r"\b\w+(Error|Exception)\b|Traceback|<class")
NOBODY = 65534


class Bad(NamedTuple):
    """A bad input.

    entrance: what it goes wrong in.
    typed: the words after `unrolled`, as in a shell.
    place: what the line has to name.
    files: what lies in the working folder.
    environment: further variables.
    """

    entrance: str
    typed: str
    place: str
    files: Files = MappingProxyType({})
    environment: Mapping[str, str] = MappingProxyType({})


ENVIRONMENT = [
    ("train seed=${oc.env:SEED}", "seed=one", {"SEED": "one"}),
    ("train seed=${oc.env:SEED}", "seed", {"SEED": ""}),
    ("train model.hidden=${oc.env:H}", "model.hidden=0", {"H": "0"}),
    ("train tracker.project=${oc.env:P}", "tracker.project=a/b", {"P": "a/b"}),
    ("train hydra.run.dir=${oc.env:NO_SUCH_FOLDER}/run", "NO_SUCH_FOLDER", {}),
    ("train trainer=gpu", "trainer.accelerator=gpu", {"CUDA_VISIBLE_DEVICES": "-1"}),
    ("train trainer=gpu", "trainer.accelerator=gpu", {"CUDA_VISIBLE_DEVICES": "NoDevFiles"}),
    ("train trainer=gpu", "trainer.accelerator=gpu", {"CUDA_VISIBLE_DEVICES": ""}),
]
INPUTS = [
    *(Bad("command line: values", *entry) for entry in (*lines.TYPES, *lines.CHOICES)),
    *(Bad("command line: sizes", *entry) for entry in lines.SIZES),
    *(Bad("command line: sweeps", *entry) for entry in lines.SWEEPS),
    *(Bad("command line: grammar and options", *entry) for entry in lines.GRAMMAR),
    *(Bad("commands", *entry) for entry in lines.COMMANDS),
    *(Bad("folders", *entry) for entry in folders.FOLDERS),
    *(Bad("records and checkpoints", *entry) for entry in folders.RECORDS),
    *(Bad("--from-torch and --input", *entry) for entry in folders.FILES),
    *(Bad("vector files", *entry) for entry in folders.VECTORS),
    *(Bad("configuration files", *entry) for entry in folders.CONFIG),
    *(Bad("environment", typed, place, {}, more) for typed, place, more in ENVIRONMENT),
]


def made(folder: Path, files: Files) -> None:
    """Puts files into a folder, in order. What is forbidden comes last: this process is nobody's from then on."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copytree(content, path)
        elif isinstance(content, str | bytes):
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        elif content is Made.FOLDER:
            path.mkdir()
        elif content is Made.GONE:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        elif content is Made.LOOP:
            path.symlink_to(path.name)
        elif content is Made.BROKEN_LINK:
            path.symlink_to("nowhere")
        else:
            path.chmod(0)


@contextlib.contextmanager
def _typed_in(folder: Path, forbidden: bool) -> Iterator[None]:
    """Within the block this process is in the folder, as a user who may not do everything."""
    before, handlers = Path.cwd(), {each: signal.getsignal(each) for each in signal.valid_signals()}
    os.chdir(folder)
    if forbidden and os.geteuid() == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        with contextlib.suppress(PermissionError):
            os.seteuid(os.getuid())
        os.chdir(before)
        for number, handler in handlers.items():
            if handler is not None and number not in (signal.SIGKILL, signal.SIGSTOP):
                signal.signal(number, handler)


def answer(bad: Bad, folder: Path) -> tuple[int, str, str, list[str]]:
    """Exit code, stderr and stdout of a bad input, and the paths that it has left in the folder."""
    from unrolled.cli import commands

    made(folder, bad.files)
    before = set(folder.rglob("*"))
    out, errors, code = io.StringIO(), io.StringIO(), 0
    words = ["unrolled", *shlex.split(bad.typed)]
    forbidden = Made.FORBIDDEN in bad.files.values()
    with (
        patch.dict(os.environ, bad.environment),
        patch.object(sys, "argv", words),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(errors),
        _typed_in(folder, forbidden),
    ):
        try:
            commands.run()
        except SystemExit as stop:
            code = int(stop.code or 0)
    for path in (path for path in before if forbidden and not path.is_symlink()):
        path.chmod(0o700)
    return code, errors.getvalue(), out.getvalue(), sorted(str(path) for path in set(folder.rglob("*")) - before)


def wrong_with(bad: Bad, folder: Path) -> str | None:
    """What is not as it has to be in the answer to a bad input; None: nothing."""
    code, errors, out, left = answer(bad, folder)
    own = "task.file=" in errors  # there the words of the user's own Python are the message
    faults = {
        f"exit code {code}": code != 2,
        "not one line": not errors.startswith("unrolled: ") or errors.count("\n") != 1,
        f"does not name {bad.place}": bad.place not in errors,
        "a name of Python's": bool(PYTHON.search(errors)) and not own,
        f"left {left}": bool(left),
        f"printed {out[:80]!r}": bool(out.strip()),
    }
    found = [fault for fault, is_one in faults.items() if is_one]
    return f"{', '.join(found)}: {bad.typed[:100]} -> {errors[:300]!r}" if found else None


def load_all() -> None:
    """Imports what the commands import, so that each input takes the time of its refusal alone."""
    import unrolled.inspection.diagnose
    import unrolled.inspection.predict
    import unrolled.report.build
    import unrolled.report.run_page
    import unrolled.sweeps.grid
    import unrolled.wandb_runs.push  # noqa: F401
    from unrolled.run.load import load_run

    load_run()


def main() -> None:
    load_all()
    seconds: dict[str, list[tuple[float, str]]] = {}
    faults = []
    for bad in INPUTS:
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            fault = wrong_with(bad, Path(folder))
            seconds.setdefault(bad.entrance, []).append((time.perf_counter() - started, bad.typed))
            faults += [fault] if fault else []
    for entrance, each in seconds.items():
        slowest, typed = max(each)
        print(f"{entrance:36} {len(each):4} inputs, slowest {slowest:.1f} s: {typed[:60]}")
    print(f"{len(INPUTS)} inputs, {len(faults)} not refused as they have to be", *faults, sep="\n")


if __name__ == "__main__":
    main()
