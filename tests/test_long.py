"""What takes minutes: whole sweeps, the tasks' defaults for three seeds, and the installed wheel."""

import importlib.util
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, train, wandb_records
from unrolled.record import status
from unrolled.record.results import Swept, read_sweep
from unrolled.record.run_record import RunRecord
from unrolled.report import solving
from unrolled.report.verdict.answers import answers, questions
from unrolled.tasks import TASKS

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sweep") / "default"
    ended = train("--config-name", "activations", f"hydra.sweep.dir={folder}", timeout_s=1200)
    assert (ended.returncode, ended.stderr) == (0, "")
    return folder


def test_the_default_sweep_is_48_wandb_runs_of_one_group(swept: Path) -> None:
    records = [wandb_records(folder) for folder in (swept / "wandb").glob("offline-run-*")]
    runs = [next(r["run"] for r in told if r["type"] == "run") for told in records]
    assert [len({run[key] for run in runs}) for key in ("run_id", "display_name", "run_group")] == [48, 48, 1]
    assert len(runs) == 48


def test_the_default_sweep_shows_what_theory_says(swept: Path) -> None:
    for cell in read_sweep(swept).runs:
        births = cell.record.births
        assert births is not None
        if cell.axes["init.gain"] == 0.5 and cell.axes["activation"] in ("tanh", "sigmoid"):
            assert births.regimes == {"vanishing": 20}
        if cell.axes["activation"] == "identity":
            assert births.slopes == pytest.approx([math.log(cell.axes["init.gain"])] * 20, abs=1e-3)
    page = (swept / "report.html").read_text(encoding="utf-8")
    for words in ("tanh gain=0.5 vanishes", "sigmoid gain=0.5 vanishes", "identity gain=1.5 explodes"):
        assert f"{words} at initialisation: 80 of 80 networks" in page


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_default_run_beats_its_baseline(seed: int, tmp_path: Path) -> None:
    train("model.hidden=8", f"seed={seed}", f"hydra.run.dir={tmp_path / 'run'}")
    kept = status.read(tmp_path / "run")
    assert kept["metrics"]["val/accuracy"] > kept["baseline"]["val/accuracy"] + 0.08


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("task", ["spam", "pixels", "chars", "numbers", "adding", "latch"])
def test_the_defaults_of_a_task_beat_its_baseline(task: str, seed: int, tmp_path: Path) -> None:
    if not all(importlib.util.find_spec(package) for package in TASKS[task].needs):
        pytest.skip("its extra is not installed")
    train(f"task={task}", f"seed={seed}", "tracker=none", f"hydra.run.dir={tmp_path / 'run'}", timeout_s=240)
    kept = status.read(tmp_path / "run")
    score, baseline = kept["metrics"][kept["score"]], kept["baseline"][kept["score"]]
    if task == "adding":
        assert score < 0.02
    assert score > 1.5 * baseline if kept["larger_is_better"] else score < 0.75 * baseline


def mean_score(swept: Swept, **axes: Any) -> float:
    """Of the runs with these values; the axes are named by the last part of their keys."""
    found = [
        cell.record.kept["metrics"][cell.record.score]
        for cell in swept.runs
        if axes.items() <= {key.rpartition(".")[2]: value for key, value in cell.axes.items()}.items()
    ]
    assert found
    return sum(found) / len(found)


def beats_its_baseline(swept: Swept, **axes: Any) -> bool:
    (cell, *_) = [cell for cell in swept.runs if axes.items() <= cell.axes.items()]
    score, baseline = mean_score(swept, **axes), cell.record.kept["baseline"][cell.record.score]
    return score > baseline if cell.record.larger_is_better else score < baseline


def it_matters(swept: Swept) -> bool:
    """Fewer runs solve it in time where the gradient explodes, and a smaller |slope x lag| orders the others."""
    shares = {each.name: each.solved / each.n for each in solving.by_configuration(swept)}
    order = solving.order([each for each in solving.gradient_changes(swept) if each.change < 0])
    assert order is not None
    return shares["gain=3.0 length=30"] < shares["gain=1.0 length=30"] and order.share > 0.6


CLAIMS: dict[str, Callable[[Swept], bool]] = {
    "does_it_matter": it_matters,
    "adding": lambda s: mean_score(s, activation="relu", lr=0.001) < mean_score(s, activation="tanh", lr=0.01) / 2,
    "losses": lambda s: min(mean_score(s, loss=loss) for loss in ("mse", "mae", "huber")) < 1 / 12,
    "memory": lambda s: mean_score(s, dim=32, hidden=128) < mean_score(s, dim=2, hidden=8),
    "patterns": lambda s: all(beats_its_baseline(s, task=task) for task in ("caption", "sentiment", "translate")),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_sweep_answers_its_question(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    ended = train("--config-name", name, f"hydra.sweep.dir={folder}", timeout_s=1200)
    assert (ended.returncode, ended.stderr) == (0, "")
    swept = read_sweep(folder)
    assert [each.quantity for each in answers(swept)] == [each.quantity for each in questions(swept)]
    assert CLAIMS[name](swept)


def test_the_wheel_brings_its_configuration_along(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "-q", "--no-deps", "-w", tmp_path, ROOT], check=True)
    (wheel,) = tmp_path.glob("unrolled-*.whl")
    installed = tmp_path / "site"
    subprocess.run([*pip, "install", "-q", "--no-deps", "--target", installed, wheel], check=True)
    git = ["git", "-C", tmp_path, "-c", "user.name=a", "-c", "user.email=a@b"]  # another project's, around the package
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "another project"]):
        subprocess.run([*git, *words], check=True)
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    code = "from unrolled import cli; from unrolled.config.files import CONF; print(CONF); cli.console()"
    small = ["trainer.max_steps=2", "probe.births=2", "seed=0", "model.hidden=8", "hydra.sweep.dir=out"]
    command = [sys.executable, "-c", code, "train", "--config-name", "activations", *small]
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(str(installed))
    page = (tmp_path / "out" / "report.html").read_text()
    assert "unrolled train --config-name activations" in page and "src/train.py" not in page
    assert '<dt id="word-slope">' in page
    assert RunRecord.read(tmp_path / "out" / "0").git == {}
