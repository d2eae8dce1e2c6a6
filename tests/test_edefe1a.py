"""What commit edefe1a left is still a run, and a sweep, of today: shown, reported, predicted, diagnosed and resumed."""

import json
import shutil
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from conftest import ROOT
from unrolled.cli import parsed
from unrolled.config import fingerprint, plain
from unrolled.folders import check_run, check_sweep
from unrolled.place import Place
from unrolled.preflight import compose
from unrolled.run import run
from unrolled.sweeps.plan import read_plan
from unrolled.validation import validate

KEPT = ROOT / "tests" / "data" / "edefe1a"
RUNS = ["run", "sweep/0", "sweep/1"]
MADE_WITH = ["task=latch", "task.length=8", "model.hidden=4", "task.samples=64", "trainer.batch_size=32", "seed=3"]
MADE_WITH += ["probe.every=2", "probe.births=2", "probe.samples=16", "trainer.progress=false", "trainer.max_epochs=2"]
MADE_WITH += ["tracker=none"]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    shutil.copytree(KEPT, tmp_path / "kept")
    return tmp_path / "kept"


@pytest.mark.parametrize("name", RUNS)
def test_its_fingerprints_are_those_of_today(name: str) -> None:
    config = validate(OmegaConf.load(KEPT / name / ".hydra" / "config.yaml"))  # type: ignore[arg-type]
    recorded = json.loads((KEPT / name / "status.json").read_text())["fingerprint"]
    assert fingerprint(plain(config) | {"resume": False}) == recorded


def test_the_same_words_mean_the_same_run() -> None:
    recorded = json.loads((KEPT / "run" / "status.json").read_text())["fingerprint"]
    assert fingerprint(plain(compose(MADE_WITH))) == recorded


@pytest.mark.parametrize("name", [*RUNS, "sweep"])
@pytest.mark.parametrize("command", ["show", "report"])
def test_it_can_be_shown_and_reported(command: str, name: str, kept: Path, capsys) -> None:
    words = parsed([command, str(kept / name)])
    words.call(words)
    told = capsys.readouterr().out
    assert ("vanishing" in told or "undecided" in told) if command == "show" else "report.html" in told


@pytest.mark.parametrize("name", RUNS)
def test_it_can_be_diagnosed(name: str, kept: Path, capsys) -> None:
    words = parsed(["diagnose", str(kept / name)])
    words.call(words)
    assert "nats per lag" in capsys.readouterr().out


def test_it_can_be_made_longer(kept: Path, capsys) -> None:
    longer = compose([*MADE_WITH, "trainer.max_epochs=4", "resume=true"])
    check_run(longer, str(kept / "run"))
    told = run(longer, Place(kept / "run", "a run", "a run"))
    assert (told["state"], told["steps"]) == ("completed", 8)
    assert (kept / "run" / ".unrolled.json").is_file()
    said = capsys.readouterr().out
    assert "note: val/loss before step 4 is the mean of batch means of an earlier version" in said
    again = compose([*MADE_WITH, "trainer.max_epochs=5", "resume=true"])
    assert run(again, Place(kept / "run", "a run", "a run"))["steps"] == 10
    assert "note: val/loss before step 4 is the mean" in capsys.readouterr().out


def test_its_sweep_can_be_continued(kept: Path) -> None:
    check_sweep(compose([f"sweep.resume={kept / 'sweep'}"]), "")
    assert [planned.fingerprint for planned in read_plan(kept / "sweep")] == [
        json.loads((kept / "sweep" / name / "status.json").read_text())["fingerprint"] for name in ("0", "1")
    ]
