"""A server refuses a run, or vanishes in the middle of it: the run is recorded, and a line says how to go on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import wandb
from wandb_server import Server

from unrolled.config.identity import RunIdentity
from unrolled.config.schema import plain
from unrolled.run.preflight import compose
from unrolled.wandb_runs.tracker import Tracker, WandbTracker, open_tracker


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    wandb.teardown()  # its settings are those of its first use
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setattr("unrolled.wandb_runs.tracker.FINISH_S", 3.0)
    monkeypatch.setattr("unrolled.wandb_runs.tracker.why_offline", lambda: None)
    yield tmp_path
    wandb.teardown()


def opened(folder: Path) -> Tracker:
    (folder / "run").mkdir()
    config = compose(["tracker=online", "task=latch"])
    return open_tracker(config, plain(config), RunIdentity(folder / "run", "a", "a"))


@pytest.mark.long
def test_a_server_that_refuses_the_run(account: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as server:
        monkeypatch.setenv("WANDB_BASE_URL", server.url)
        server.refused = {"UpsertBucket"}
        tracker = opened(account)
        tracker.log(1, {"loss": 1.0})
        assert tracker.finish(exit_code=0) is None
    assert len(list((account / "run" / "wandb").glob("offline-run-*"))) == 1


@pytest.mark.long
def test_a_server_that_vanishes(account: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as server:
        monkeypatch.setenv("WANDB_BASE_URL", server.url)
        tracker = opened(account)
        tracker.log(1, {"loss": 1.0})
    tracker.log(2, {"loss": 0.5})
    assert isinstance(tracker, WandbTracker)
    line = tracker.finish(exit_code=0)
    assert line is not None and line.startswith("W&B's server stopped answering: `wandb sync ")
