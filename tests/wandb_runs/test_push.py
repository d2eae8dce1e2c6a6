"""`unrolled dashboard push`, by W&B's own programs and libraries, against a server of the tests."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wandb_server import USER, Server, told, with_account

from conftest import QUICK, train
from unrolled.errors import UserError
from unrolled.wandb_runs.chart import preset, preset_name
from unrolled.wandb_runs.logged import read_runs
from unrolled.wandb_runs.push import built_from, push, read

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pushed") / "sweep"
    axes = ["activation=tanh,identity", "init.gain=1.0", "seed=0", "model.hidden=4"]
    ended = train("--config-name", "activations", *axes, *QUICK, f"hydra.sweep.dir={folder}")
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture
def folder(swept: Path, tmp_path: Path) -> Path:
    """A copy of the sweep that nobody has pushed."""
    return shutil.copytree(swept, tmp_path / "sweep", symlinks=True)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def pushed(server: Server, folder: Path, project: str) -> subprocess.CompletedProcess[str]:
    return with_account(server, folder.parent, "dashboard", "push", str(folder), "--project", project)


def ids(folder: Path) -> list[str]:
    return [run.id for run in read_runs(folder)]


def spec(folder: Path) -> dict[str, Any]:
    """What is to be saved of the workspace in the project "lecture"."""
    view = built_from(*read(folder, "lecture"), "lecture", USER)._to_model()
    return view.spec.model_dump(mode="json", by_alias=True, exclude_none=True)


@pytest.mark.long
def test_pushed_twice_and_to_another_project(server: Server, folder: Path) -> None:
    """One workspace a project, one chart an account, and each run once in each project."""
    first = pushed(server, folder, "lecture")
    assert (first.returncode, told(first)) == (0, [])
    assert sorted(server.runs) == sorted((USER, "lecture", run) for run in ids(folder))
    assert server.charts == {f"{USER}/{preset_name()}": preset()}
    ((where, view),) = server.views.items()
    assert where[0] == "lecture" and json.loads(view["spec"]) == spec(folder)
    assert first.stdout.startswith(f"workspace: {server.url}/{USER}/lecture?nw=")

    server.asked, server.runs = [], []
    again = pushed(server, folder, "lecture")
    assert (again.returncode, again.stdout) == (0, first.stdout)
    assert server.times("UpsertView2") == 1 and list(server.views) == [where]
    assert not {"UpsertBucket", "CreateCustomChart"} & {operation for operation, _ in server.asked}

    other = pushed(server, folder, "thesis")
    assert (other.returncode, told(other)) == (0, [])
    assert sorted(server.runs) == sorted((USER, "thesis", run) for run in ids(folder))
    assert server.times("CreateCustomChart") == 1 and len(server.charts) == 1  # asked for, and refused as known
    assert [project for project, _ in server.views] == ["lecture", "thesis"]


@pytest.mark.long
def test_what_is_not_saved_is_gone_on_with(server: Server, folder: Path) -> None:
    server.refused = {"UpsertView2"}
    failed = pushed(server, folder, "lecture")
    assert failed.returncode == 2
    (line,) = told(failed)
    assert "UpsertView2 is refused; 2 of 2 runs are uploaded, the workspace is not; push again" in line

    server.refused = set()
    assert pushed(server, folder, "lecture").returncode == 0
    assert len(server.runs) == 2 and len(server.views) == 1
    assert server.times("CreateCustomChart") == len(server.charts) == 1

    (folder / "dashboard.json").unlink()
    lost = pushed(server, folder, "lecture")
    assert (lost.returncode, told(lost)) == (0, [])
    assert len(server.views) == 1 and server.times("UpsertView2") == 3


@pytest.mark.long
def test_what_cannot_be_uploaded_does_not_keep_back_the_rest(server: Server, folder: Path) -> None:
    """A run that was killed at once, and one that the server does not take. The chart is refused too.

    `make sync` has uploaded the good ones elsewhere before.
    """
    refused, good = ids(folder)
    for file in folder.glob("wandb/offline-run-*/*.wandb"):
        file.with_suffix(".wandb.synced").touch()
    begun = folder / "wandb" / "offline-run-20250101_000000-begun"
    begun.mkdir()
    (begun / "run-begun.wandb").touch()
    server.refused = {refused, "CreateCustomChart"}
    ended = pushed(server, folder, "lecture")
    assert ended.returncode == 2
    first, last = told(ended)
    assert first == f"unrolled: the W&B run in {begun} holds nothing yet; it is skipped"
    assert "1 of 2 runs are not uploaded whole" in last and refused in last
    assert "the chart of profiles is not stored: input: CreateCustomChart is refused" in last
    assert server.runs == [(USER, "lecture", good)] and len(server.views) == 1

    server.refused, server.runs = set(), []
    assert pushed(server, folder, "lecture").returncode == 0
    assert server.runs == [(USER, "lecture", refused)] and len(server.charts) == 1


def test_a_key_that_is_refused_is_told_in_a_line(server: Server, folder: Path) -> None:
    server.refused = {"GetDefaultEntity"}
    ended = pushed(server, folder, "lecture")
    assert (ended.returncode, told(ended)) == (
        2, ["unrolled: W&B: input: GetDefaultEntity is refused; nothing was uploaded"],
    )  # fmt: skip
    assert not server.runs


def test_runs_recorded_online_stay_in_their_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unrolled.wandb_runs.push.why_offline", lambda: pytest.fail("asked W&B before"))
    for run in (folder / "wandb").glob("offline-run-*"):
        run.rename(run.with_name(run.name.removeprefix("offline-")))
    with pytest.raises(
        UserError, match="2 of 2 runs were recorded online, in the project unrolled, and cannot be moved"
    ):
        push(folder, "lecture", None)
