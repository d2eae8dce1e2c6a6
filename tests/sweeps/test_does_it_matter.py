"""The sweeps that ask how many updates it takes: which runs they list, with which budget."""

from pathlib import Path

import pytest

from conftest import train


@pytest.mark.parametrize(("name", "runs"), [("does_it_matter", 5 * 2 * 6), ("does_it_matter_full", 5 * 3 * 2 * 10)])
def test_its_runs_are_listed(name: str, runs: int, tmp_path: Path) -> None:
    words = ["--config-dir", "sweeps", "--config-name", name, f"hydra.sweep.dir={tmp_path / 'sweep'}"]
    ended = train(*words, "sweep.dry_run=true")
    assert (ended.returncode, ended.stderr) == (0, "")
    listed = [line for line in ended.stdout.splitlines() if line.startswith(str(tmp_path))]
    assert len(listed) == runs
    assert not (tmp_path / "sweep").exists()


@pytest.mark.parametrize("name", ["does_it_matter", "does_it_matter_full"])
def test_its_budget_is_4000_updates_with_clipping_and_ends_where_it_is_solved(name: str) -> None:
    ended = train("--config-dir", "sweeps", "--config-name", name, "hydra.mode=RUN", "--cfg", "job")
    assert (ended.returncode, ended.stderr) == (0, "")
    for line in ("samples: 3200", "batch_size: 64", "max_epochs: 80", "max_steps: null", "gradient_clip_val: 1.0",
                 "stop_when_solved: true"):  # fmt: skip
        assert f"  {line}\n" in ended.stdout
    assert 80 * 3200 / 64 == 4000
