"""What commit edefe1a left is still a run, and a sweep, of today: shown, reported, predicted, diagnosed and resumed.

interrupted: stopped by SIGINT after 5 of its 12 steps, in the middle of an epoch. uninterrupted: what that commit left
of the same run without the signal. text/predicted.json: what it predicted itself. All three are in float64.
"""

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from omegaconf import OmegaConf

from commands import train
from conftest import ROOT, some
from unrolled.cli.commands import call
from unrolled.config.fingerprint import fingerprint
from unrolled.config.identity import RunIdentity
from unrolled.config.schema import plain
from unrolled.config.validate import read_config
from unrolled.errors import UserError
from unrolled.inspection.predict import predict
from unrolled.inspection.restore import restore_run
from unrolled.record.plan import read_plan
from unrolled.record.results import read_sweep
from unrolled.run.folders import check_run, check_sweep
from unrolled.run.lifecycle import run
from unrolled.run.preflight import compose

KEPT = ROOT / "tests" / "data" / "edefe1a"
RUNS = ["run", "sweep/0", "sweep/1"]
MADE_WITH = ["task=latch", "task.length=8", "model.hidden=4", "task.samples=64", "trainer.batch_size=32", "seed=3"]
MADE_WITH += ["probe.every=2", "probe.births=2", "probe.samples=16", "trainer.progress=false", "trainer.max_epochs=2"]
MADE_WITH += ["tracker=none"]
REDEFINED = ("val/loss", "grad_W_h/cancellation")  # columns that mean something else since then


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    shutil.copytree(KEPT, tmp_path / "kept")
    return tmp_path / "kept"


@pytest.mark.parametrize("name", [*RUNS, "interrupted", "text"])
def test_its_fingerprints_are_those_of_today(name: str) -> None:
    config = read_config(KEPT / name / ".hydra" / "config.yaml")
    recorded = json.loads((KEPT / name / "status.json").read_text())["fingerprint"]
    assert fingerprint(plain(config) | {"resume": False}) == recorded


def test_the_same_words_mean_the_same_run() -> None:
    recorded = json.loads((KEPT / "run" / "status.json").read_text())["fingerprint"]
    assert fingerprint(plain(compose(MADE_WITH))) == recorded


@pytest.mark.parametrize("name", [*RUNS, "sweep"])
@pytest.mark.parametrize("command", ["show", "report"])
def test_it_can_be_shown_and_reported(command: str, name: str, kept: Path, capsys) -> None:
    call([command, str(kept / name)])
    told = capsys.readouterr().out
    assert ("vanishing" in told or "undecided" in told) if command == "show" else "report.html" in told
    named = told if command == "show" else (kept / name / "report.html").read_text(encoding="utf-8")
    if (name, command) != ("sweep", "show"):  # which has no val/loss
        assert f"val/loss {'of 2 of 2 runs ' if name == 'sweep' else ''}is the mean of batch means" in named


@pytest.mark.parametrize("name", some(RUNS, 3))
def test_it_can_be_diagnosed(name: str, kept: Path, capsys) -> None:
    call(["diagnose", str(kept / name)])
    assert "nats per lag" in capsys.readouterr().out


def test_it_can_be_made_longer(kept: Path, capsys) -> None:
    longer = compose([*MADE_WITH, "trainer.max_epochs=4", "resume=true"])
    check_run(longer, str(kept / "run"))
    told = run(longer, RunIdentity(kept / "run", "a run", "a run"))
    assert (told["state"], told["steps"]) == ("completed", 8)
    assert (kept / "run" / ".unrolled.json").is_file()
    said = capsys.readouterr().out
    assert "note: val/loss before step 4 is the mean of batch means of an earlier version" in said
    again = compose([*MADE_WITH, "trainer.max_epochs=5", "resume=true"])
    assert run(again, RunIdentity(kept / "run", "a run", "a run"))["steps"] == 10
    assert "note: val/loss before step 4 is the mean" in capsys.readouterr().out


def test_its_sweep_can_be_continued(kept: Path) -> None:
    check_sweep(compose([f"sweep.resume={kept / 'sweep'}"]), "")
    assert [planned.fingerprint for planned in read_plan(kept / "sweep")] == [
        json.loads((kept / "sweep" / name / "status.json").read_text())["fingerprint"] for name in ("0", "1")
    ]


def test_it_predicts_what_it_predicted(kept: Path) -> None:
    recorded = json.loads((kept / "text" / "predicted.json").read_text())
    told = predict(kept / "text", " ".join(recorded["words"]))
    assert not isinstance(told, str)
    assert (told.words, told.classes, told.against) == tuple(recorded[key] for key in ("words", "classes", "against"))
    for found, before in ((told.shares, recorded["shares"]), (told.dx, recorded["dx"])):
        assert found.numpy() == pytest.approx(torch.tensor(before, dtype=torch.float64).numpy(), rel=1e-6)


def test_a_run_that_reads_no_text_predicts_nothing(kept: Path) -> None:
    with pytest.raises(UserError, match=r"is a run of task=latch: predict needs a task that reads a text"):
        predict(kept / "run", "a text")


def rows(folder: Path, file: str = "metrics.csv") -> list[dict[str, float]]:
    with (folder / file).open(newline="") as text:
        return [{key: float(value or "nan") for key, value in row.items()} for row in csv.DictReader(text)]


def resumed(kept: Path) -> dict[str, Any]:
    """Resumes the interrupted run to its end; returns its status."""
    folder = kept / "interrupted"
    config = compose([*map(str, OmegaConf.load(folder / ".hydra" / "overrides.yaml")), "resume=true"])
    check_run(config, str(folder))
    return run(config, RunIdentity(folder, "a run", "a run"))


def test_an_interrupted_run_is_resumed_to_the_numbers_of_one_that_was_not(kept: Path, capsys) -> None:
    call(["show", str(kept / "interrupted")])
    assert "interrupted, stopped by SIGINT" in capsys.readouterr().out
    told = resumed(kept)
    assert (told["state"], told["steps"]) == ("completed", 12)
    said = capsys.readouterr().out.splitlines()
    assert "resumed after 5 updates" in said
    assert [line.partition(" is ")[0] for line in said if line.startswith("note: ")] == [
        f"note: {name} before step 5" for name in REDEFINED
    ]
    call(["show", str(kept / "interrupted")])
    assert "note      val/loss before step 5 is the mean of batch means" in capsys.readouterr().out
    folder, whole = kept / "interrupted", kept / "uninterrupted"
    for row, before in zip(rows(folder), rows(whole), strict=True):
        compared = set(before) - (set(REDEFINED) if row["step"] >= 5 else set())
        assert same({key: row[key] for key in compared}, {key: before[key] for key in compared}), row["step"]
    for file in (whole / "profiles").iterdir():
        pairs = zip(rows(folder, f"profiles/{file.name}"), rows(whole, f"profiles/{file.name}"), strict=True)
        assert all(same(row, before) for row, before in pairs), file.name
    weights = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    before = {
        name: torch.tensor(kept_, dtype=torch.float64)
        for name, kept_ in json.loads((whole / "weights.json").read_text()).items()
    }
    assert weights.keys() == before.keys()
    assert all(torch.allclose(weights[name], before[name], rtol=1e-6, atol=0) for name in before)


def same(row: dict[str, float], before: dict[str, float]) -> bool:
    return row == pytest.approx(before, rel=1e-6, abs=0, nan_ok=True)


def test_its_val_loss_after_the_resume_is_the_mean_over_all_answers(kept: Path) -> None:
    told, folder = resumed(kept), kept / "interrupted"
    _, data, module = restore_run(folder, "last")
    whole = data.val[torch.arange(len(data.val))]
    with torch.no_grad():
        mean = float(F.cross_entropy(module.network(whole._replace(x=whole.x.double())), whole.y))
    assert rows(folder)[-1]["val/loss"] == told["metrics"]["val/loss"] == pytest.approx(mean, rel=1e-9)
    assert rows(kept / "uninterrupted")[-1]["val/loss"] != pytest.approx(mean, rel=1e-5)


def more(folder: Path) -> list[str]:
    """Returns the words that continue the kept sweep with one more gain."""
    words = [word for word in OmegaConf.load(folder / "multirun.yaml").hydra.overrides.task if "init.gain" not in word]
    return ["hydra.mode=MULTIRUN", *words, "init.gain=0.5,1.5,1.0", "tracker=none", f"sweep.resume={folder}"]


def files(*folders: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for folder in folders for file in folder.rglob("*") if file.is_file()}


def test_a_dry_run_with_one_more_value_would_run_that_alone(kept: Path) -> None:
    before = files(kept)
    ended = train("--config-name", "train", *more(kept / "sweep"), "sweep.dry_run=true")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[1:] == [
        "2 have a result already, 1 are run",
        f"{kept / 'sweep' / '0'}  gain=0.5  (has a result)",
        f"{kept / 'sweep' / '1'}  gain=1.5  (has a result)",
        f"{kept / 'sweep' / '2'}  gain=1.0",
    ]
    assert files(kept) == before


@pytest.mark.long
def test_its_sweep_is_continued_with_one_more_value(kept: Path) -> None:
    folder = kept / "sweep"
    before = files(folder / "0", folder / "1")
    ended = train("--config-name", "train", *more(folder))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "2 have a result already, 1 are run" in ended.stdout
    assert files(folder / "0", folder / "1") == before
    cells = read_sweep(folder).runs
    assert [(cell.axes["init.gain"], cell.state) for cell in cells] == [(gain, "completed") for gain in (0.5, 1.5, 1.0)]
    assert "note: val/loss of 2 of 3 runs is the mean of batch means of an earlier version" in ended.stdout
    assert len((folder / "results.csv").read_text().splitlines()) == 4
    page = (folder / "report.html").read_text(encoding="utf-8")
    page = re.sub(r"<[^>]+>", "", page.partition('id="plotly"')[0])
    assert "3 runs: 3 completed" in page and "could not be drawn" not in page
