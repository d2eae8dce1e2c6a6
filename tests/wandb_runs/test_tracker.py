"""What W&B's files hold is read back."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import train, wandb_records, wandb_rows
from unrolled.record import status
from unrolled.record.tables import read_table
from unrolled.wandb_runs.read_back import flaw, read_history
from unrolled.wandb_runs.tracker import STEP, WandbTracker

QUICK = ["task=latch", "model.hidden=8", "trainer.max_steps=2000", "trainer.log_every_n_steps=1", "probe.births=2"]


def test_a_whole_file_has_no_flaw_and_a_shorter_one_has(tmp_path: Path) -> None:
    tracker = WandbTracker(folder=tmp_path, mode="offline", project="p", group=None, name="n", tags=[], config={})
    for step in range(5):
        tracker.log(step, {"loss": 1 / (step + 1)})
    run = Path(tracker.run.dir).parent
    assert tracker.finish(exit_code=0) is None
    assert [row["loss"] for row in read_history(run)] == [1 / (step + 1) for step in range(5)]
    assert "holds 5 of 6 rows" in (flaw(run, STEP, range(6)) or "")
    (file,) = run.glob("*.wandb")
    file.write_bytes(b"no such format")
    assert flaw(run, STEP, range(5)) is not None


@pytest.mark.long
def test_a_long_profile_is_strided_and_the_run_has_few_files(tmp_path: Path) -> None:
    """A histogram of W&B has 512 bins at most, and a run of it is slow from 1,000 files on."""
    length = ["task=latch", "task.length=600", "task.samples=64", "trainer.batch_size=8", "model.hidden=4"]
    looks = ["trainer.max_steps=10", "probe.every=1", "probe.births=1", "probe.samples=10"]
    folder = tmp_path / "run"
    ended = train(*length, *looks, f"hydra.run.dir={folder}")
    assert (ended.returncode, ended.stderr) == (0, "")
    rows = [row for row in wandb_rows(folder) if "grad_h/profile.values" in row]
    _, recorded = read_table(folder / "profiles" / "grad_h.csv")
    assert [row[STEP] for row in rows] == [step for step, *_ in recorded] == list(range(11))
    for row, (_, *norms) in zip(rows, recorded, strict=True):
        assert row["grad_h/profile.values"] == pytest.approx(norms[::2], rel=1e-12)
        assert row["grad_h/profile.bins"] == [t - 0.5 for t in range(0, 602, 2)]
    updates = [record["summary"].get("update", {}) for record in wandb_records(folder) if record["type"] == "summary"]
    assert [update["grad_h/profile_stride"] for update in updates if "grad_h/profile_stride" in update][-1] == 2
    assert sum(file.is_file() for file in (folder / "wandb").rglob("*")) < 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The folder of a run whose W&B files have 100 KiB."""
    small = tmp_path / "run" / "wandb"
    small.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(small)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root can mount a small disk")
    yield small.parent
    subprocess.run(["umount", "--lazy", str(small)], check=False)


@pytest.mark.long
def test_rows_that_found_no_room_are_told(small_disk: Path) -> None:
    ended = train(*QUICK, f"hydra.run.dir={small_disk}")
    assert ended.returncode == 0
    (told,) = [line for line in ended.stderr.splitlines() if line.startswith("unrolled: ")]
    assert "rows (is its disk full?); metrics.csv has them all" in told
    assert status.read(small_disk)["wandb_flaw"] in told
    assert (small_disk / "metrics.csv").read_text().count("\n") > 400
