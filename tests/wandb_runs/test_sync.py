"""What would be uploaded, and what is said where nothing can be."""

import os
from pathlib import Path

import pytest
from wandb_server import USER, Server, told, with_account

from commands import unrolled
from conftest import train
from unrolled.errors import UserError
from unrolled.wandb_runs.sync import offline_runs, sync
from unrolled.wandb_runs.tracker import WandbTracker


def recorded(folder: Path, name: str) -> Path:
    tracker = WandbTracker(folder=folder, mode="offline", project="p", group=None, name=name, tags=[], config={})
    tracker.log(0, {"loss": 1.0})
    assert tracker.finish(exit_code=0) is None
    return Path(tracker.run.dir).parent


def test_what_was_replaced_is_not_uploaded(tmp_path: Path) -> None:
    kept = recorded(tmp_path, "kept")
    old = recorded(tmp_path, "old")
    (old.parent / "superseded").mkdir()
    old.rename(old.parent / "superseded" / old.name)
    assert offline_runs(tmp_path) == [kept]
    without_key = {key: value for key, value in os.environ.items() if not key.startswith("WANDB_")}
    listed = unrolled("sync", str(tmp_path), "--dry-run", environment=without_key)
    assert listed.returncode == 0
    assert kept.name.rpartition("-")[2] in listed.stdout + listed.stderr
    assert old.name.rpartition("-")[2] not in listed.stdout + listed.stderr


@pytest.mark.long
def test_no_runs_and_no_network_are_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="holds no offline runs"):
        offline_runs(tmp_path)
    recorded(tmp_path, "kept")
    monkeypatch.setenv("WANDB_API_KEY", "no key at all")
    with pytest.raises(UserError, match="W&B does not accept the key that is here"):
        sync(tmp_path, dry_run=False)
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    monkeypatch.setattr("unrolled.wandb_runs.tracker.reachable", lambda: False)
    with pytest.raises(UserError, match="W&B does not answer; nothing was uploaded"):
        sync(tmp_path, dry_run=False)


def test_a_run_that_cannot_be_read_does_not_keep_back_the_others(tmp_path: Path) -> None:
    """As it would in W&B's own program, which then uploads none, and ends with 0."""
    runs = tmp_path / "runs"
    good, garbage = recorded(runs, "good"), recorded(runs, "garbage")
    (file,) = garbage.glob("*.wandb")
    file.write_bytes(b"no such format")
    with Server() as server:
        ended = with_account(server, tmp_path, "sync", str(runs))
        assert ended.returncode == 0
        assert server.runs == [(USER, "p", good.name.rpartition("-")[2])]
        (line,) = told(ended)
        assert line.startswith(f"unrolled: the W&B run in {garbage} cannot be read: ") and "bad header" in line
        assert [path.name for path in tmp_path.iterdir()] == ["runs"]  # W&B's log is in there
        (good / f"{next(good.glob('*.wandb')).name}.synced").unlink()
        server.refused = {good.name.rpartition("-")[2]}
        refused = with_account(server, tmp_path, "sync", str(runs))
        assert refused.returncode == 2
        assert told(refused)[-1] == f"unrolled: 1 of 2 runs are not uploaded whole: {good.name}"


def test_online_without_network_is_offline_and_says_so(tmp_path: Path) -> None:
    """Found out in seconds; without the look W&B itself would try for minutes."""
    small = [
        "task=latch",
        "trainer.max_steps=2",
        "probe.births=1",
        "tracker=online",
        f"hydra.run.dir={tmp_path / 'run'}",
    ]
    ended = train(*small, timeout_s=60)
    assert ended.returncode == 0
    (told,) = ended.stderr.splitlines()
    assert told.startswith("unrolled: W&B ") and "recording offline (`make sync` uploads it later)" in told
    assert len(list((tmp_path / "run" / "wandb").glob("offline-run-*"))) == 1
