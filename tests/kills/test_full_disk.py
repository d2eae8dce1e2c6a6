# ruff: noqa: F401, F811 - a fixture is imported, and named by the tests that need it
"""A disk that becomes full at some moment of a run or of a sweep: a line says so, and all is completed once it is not.

What was complete before stays as it was.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from strikes import DISK, LAUNCHER, VARIABLE, Strike, fill
from test_kills import DISTURBED, LAST_STEP, RESULT, command, completes, undisturbed

from commands import Command
from unrolled.record import status
from unrolled.record.results import read_sweep

pytestmark = pytest.mark.long

MOMENTS = [
    *(("one run", each) for each in (
        ("folder claimed", None), ("step", 0), ("save begins", 9), ("last evaluation", None), ("status.json", RESULT),
    )),
    *(("sweep", each) for each in (
        ("plan", None, LAUNCHER), ("step", 0, "0"), ("save begins", LAST_STEP, "1"), ("judged", None, "0"),
        ("page", None, LAUNCHER),
    )),
]  # fmt: skip


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB: the page of a sweep has five."""
    (tmp_path / "disk").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(tmp_path / "disk")]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root can mount a small disk")
    yield tmp_path / "disk"
    subprocess.run(["umount", "--lazy", str(tmp_path / "disk")], check=False)


@pytest.mark.parametrize(("kind", "moment"), MOMENTS)
def test_what_finds_no_room_says_so_and_is_completed_later(
    kind: str, moment: tuple, disk: Path, undisturbed, tmp_path: Path
) -> None:
    folder, struck = disk / "folder", tmp_path / "struck.json"
    name, at, *inside = moment
    order = json.dumps(Strike(name, 0, str(struck), "disk", at, *inside)._asdict())
    process = Command(DISTURBED, *command(kind, folder), environment={**os.environ, VARIABLE: order, DISK: str(disk)})
    _, stderr = process.communicate(timeout=120)
    assert struck.is_file(), stderr
    assert process.returncode in (0, 1)
    lines = stderr.splitlines()
    assert all(line.startswith("unrolled: ") for line in lines), stderr
    assert process.returncode == 0 or any("No space left on device" in line for line in lines), stderr
    assert len(lines) <= 1 or kind == "sweep", stderr
    before = {run.folder: run.record.kept for run in read_sweep(folder).runs} if kind == "sweep" else {}
    (disk / "filler").unlink()
    completes(kind, folder, undisturbed(kind))
    ended = {run: kept for run, kept in before.items() if kept.get("state") == "completed"}
    assert {run: status.read(run) for run in ended} == ended


@pytest.mark.parametrize("kind", ["one run", "sweep"])
def test_a_disk_that_is_full_from_the_start_leaves_nothing_in_the_way(kind: str, disk: Path, undisturbed) -> None:
    fill(disk)
    process = Command(DISTURBED, *command(kind, disk / "folder"))
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 1
    (line,) = stderr.splitlines()
    assert line.startswith("unrolled: ") and "No space left on device" in line
    (disk / "filler").unlink()
    completes(kind, disk / "folder", undisturbed(kind))
