"""Runs and sweeps on file systems that lack something, and after a power cut that has emptied a file."""

import errno
import fcntl
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from commands import TRAIN
from conftest import some, train
from unrolled.config.identity import RunIdentity
from unrolled.config.schema import plain
from unrolled.errors import UserError
from unrolled.record import ownership
from unrolled.record.lock import exclusive
from unrolled.record.results import read_sweep
from unrolled.report.build import build
from unrolled.report.run_page import build_run
from unrolled.report.show import show
from unrolled.run.folders import check_run
from unrolled.run.lifecycle import run
from unrolled.run.preflight import compose
from unrolled.sweeps.local import short_paths

QUICK = ["task=latch", "task.length=4", "task.samples=40", "model.hidden=2", "trainer.batch_size=20"]
QUICK += ["trainer.max_epochs=2", "probe.births=1", "probe.samples=16"]
REFUSED = OSError(errno.EPERM, "Operation not permitted")


def refuse(*_: object, **__: object) -> None:
    raise REFUSED


def sync_of_files(number: int, given: Any = os.fsync) -> None:
    if stat.S_ISDIR(os.fstat(number).st_mode):
        raise OSError(errno.EINVAL, "Invalid argument")
    given(number)


def no_lock(*_: object) -> None:
    raise OSError(errno.ENOSYS, "Function not implemented")


LACKS = {"locks": (fcntl, "flock", no_lock), "links": (os, "symlink", refuse), "folders": (os, "fsync", sync_of_files)}


@pytest.mark.parametrize("lacking", LACKS)
def test_a_run_needs_nothing_that_a_file_system_may_lack(
    lacking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*LACKS[lacking])
    ownership.claim_run(tmp_path)
    with exclusive(tmp_path):
        ended = run(compose([*QUICK, "tracker=offline"]), RunIdentity(tmp_path, "a run", "a run"))
    assert ended["state"] == "completed" and ended["wandb"]["id"]


SITES = {
    "no locks": "import errno, fcntl; fcntl.flock",
    "no links": "import errno, os; os.symlink",
    "a long TMPDIR": "",
    "a home that cannot be written": "",
}


@pytest.mark.long
@pytest.mark.parametrize("site", SITES)
def test_a_sweep_needs_nothing_that_a_site_may_lack(site: str, tmp_path: Path) -> None:
    refused = "lambda *a, **k: (_ for _ in ()).throw(OSError(errno.ENOSYS, 'Function not implemented'))"
    (tmp_path / "sitecustomize.py").write_text(f"{SITES[site]} = {refused}\n" if SITES[site] else "")
    (temporary := tmp_path / ("long" * 30)).mkdir()
    own = {"TMPDIR": str(temporary)} if "TMPDIR" in site else {"HOME": "/proc"} if "home" in site else {}
    words = ["-m", *QUICK, "seed=0,1", f"hydra.sweep.dir={tmp_path / 'sweep'}"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), **own}
    ended = subprocess.run(
        [sys.executable, str(TRAIN), *words], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0
    assert "home" in site or ended.stderr == "", ended.stderr  # matplotlib warns that it cannot keep its fonts
    assert [each.state for each in read_sweep(tmp_path / "sweep").runs] == ["completed"] * 2


def test_the_sockets_of_a_launcher_have_names_that_the_system_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    fits, is_too_long = "/tmp/" + "a" * 70, "/tmp/" + "a" * 71
    for folder, used in (("/tmp/a", "/tmp/a"), (fits, fits), (is_too_long, "/tmp")):
        monkeypatch.setattr("tempfile.tempdir", folder)
        with short_paths():
            assert tempfile.gettempdir() == used
        assert tempfile.gettempdir() == folder


def test_what_takes_the_place_of_a_file_is_on_the_disk_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every renamed file was synced since it was written, and so was every file that a checkpoint counts on."""
    synced: dict[str, int] = {}
    sync, rename = os.fsync, os.rename

    def noting_sync(number: int) -> None:
        sync(number)
        path = str(Path(f"/proc/self/fd/{number}").readlink())
        synced[path] = Path(path).stat().st_size

    def checking(source: Any, target: Any) -> None:
        if Path(source).is_relative_to(tmp_path):
            assert synced.get(str(source)) == Path(source).stat().st_size, source
        if Path(target).name == "last.ckpt":
            for table in [tmp_path / "metrics.csv", *(tmp_path / "profiles").glob("*.csv")]:
                assert synced.get(str(table)) == table.stat().st_size, table
        rename(source, target)

    monkeypatch.setattr(os, "fsync", noting_sync)
    monkeypatch.setattr(os, "rename", checking)
    monkeypatch.setattr(os, "replace", checking)
    run(compose([*QUICK, "tracker=none", "trainer.checkpoint_every_s=0"]), RunIdentity(tmp_path, "a run", "a run"))
    assert str(tmp_path / "checkpoints") in synced


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A single run that has ended, with the configuration that Hydra saves."""
    folder = tmp_path_factory.mktemp("ended") / "run"
    (folder / ".hydra").mkdir(parents=True)
    config = compose([*QUICK, "tracker=none"])
    OmegaConf.save(OmegaConf.create(plain(config)), folder / ".hydra" / "config.yaml")
    run(config, RunIdentity(folder, "a run", "a run"))
    return folder


EMPTIED = ["status.json", ".unrolled.json", ".hydra/config.yaml", "metrics.csv", "profiles/grad_h.csv"]
EMPTIED += ["checkpoints/last.ckpt", "checkpoints/best.ckpt", ".lock"]


@pytest.mark.parametrize("file", some(EMPTIED, 2))
def test_a_run_with_an_emptied_file_is_resumed_or_refused_in_a_line(file: str, ended: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(ended, folder)
    before = json.loads((folder / "status.json").read_text())
    (folder / file).write_bytes(b"")
    for look in (show, build_run):
        if file == "status.json":
            with pytest.raises(UserError, match=r"status\.json cannot be read"):
                look(folder)
        else:
            look(folder)
    longer = compose([*QUICK, "tracker=none", "resume=true", "trainer.max_epochs=3"])
    check_run(longer, str(folder))
    resumed = RunIdentity(folder, "a run", "a run")
    if file in ("checkpoints/last.ckpt", "metrics.csv", "profiles/grad_h.csv"):  # from step 0, the result would be lost
        with pytest.raises(UserError, match=r"has its result \(completed after 4 updates\)"):
            run(longer, resumed)
        assert json.loads((folder / "status.json").read_text()) == before
    else:
        assert run(longer, resumed)["steps"] == 6


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("swept") / "sweep"
    command = train("-m", *QUICK, "tracker=none", "init.gain=0.5,1,1.5", f"hydra.sweep.dir={folder}")
    assert command.returncode == 0, command.stderr
    return folder


@pytest.mark.parametrize(
    "file", some(["cells.json", "multirun.yaml", "0/status.json", "results.csv", ".unrolled.json", ".lock"], 3)
)
@pytest.mark.parametrize("content", some([b"", b"{", b"\xff\xfe\x00", b"[1, 2]\n"], 4))
def test_a_sweep_with_a_damaged_file_is_shown_and_resumed(
    file: str, content: bytes, swept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "sweep"
    shutil.copytree(swept, folder)
    (folder / file).write_bytes(content)
    runs = read_sweep(folder).runs
    assert [run.state for run in runs[1:]] == ["completed"] * 2
    build(folder)
    show(folder)
    told = file in ("cells.json", "multirun.yaml", "0/status.json")
    assert told == (f"{Path(file).name} cannot be read" in capsys.readouterr().out)
    assert told == (f"{Path(file).name} cannot be read" in (folder / "report.html").read_text())


@pytest.mark.long
def test_damaged_runs_of_a_sweep_are_run_again_and_the_others_stay(swept: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    shutil.copytree(swept, folder)
    values = (folder / "results.csv").read_bytes()
    for file in ("0/status.json", "1/.unrolled.json", "1/status.json", "cells.json", "multirun.yaml"):
        (folder / file).write_bytes(b"")
    kept = (folder / "2" / "status.json").read_bytes()
    command = train("-m", *QUICK, "tracker=none", "init.gain=0.5,1,1.5", f"sweep.resume={folder}")
    assert (command.returncode, command.stderr) == (0, "")
    assert (folder / "results.csv").read_bytes() == values
    assert (folder / "2" / "status.json").read_bytes() == kept
