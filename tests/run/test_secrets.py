"""What comes from the environment, and what Slurm's jobs execute first, is in no file that leaves the machine."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from commands import TRAIN, run, unrolled
from conftest import ROOT, wandb_records
from unrolled.config.environment import concealed, from_environment, number_of, public_words, publishable
from unrolled.record.results import read_sweep
from unrolled.report.run_page import build_run
from unrolled.report.runs import command, sweep_command
from unrolled.report.show import show

SECRETS = {"QUESTION": "s3cret-question", "ACCOUNT": "s3cret-account", "HERE": "s3cret-folder"}
ENVIRONMENT = {**os.environ, **SECRETS, "HIDDEN": "3", "GAIN": "0.5"}
WORDS = [
    "task=own", "embedding=onehot", "task.file=${oc.env:HERE}/parity.py", "model.hidden=${oc.env:HIDDEN}",
    "trainer.max_steps=2", "probe.samples=16", "probe.births=1", "slurm.account=${oc.env:ACCOUNT}",
    "slurm.setup=['export KEY=s3cret-key']", "tracker=offline",
]  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with an own task at a place that only a variable names."""
    (tmp_path / SECRETS["HERE"]).mkdir()
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8"), re.DOTALL)
    (task,) = (block for block in blocks if "def load" in block)
    (tmp_path / SECRETS["HERE"] / "parity.py").write_text(task, encoding="utf-8")
    return tmp_path


def leaving(folder: Path) -> Iterator[Path]:
    """The files that are uploaded, shown or sent."""
    for file in folder.rglob("*"):
        if file.is_file() and ("wandb" in file.parts or file.name in ("report.html", "results.csv")):
            yield file


def holding(folder: Path, text: str) -> list[str]:
    return [str(file.relative_to(folder)) for file in leaving(folder) if text.encode() in file.read_bytes()]


@pytest.mark.long
def test_a_run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*WORDS, "sweep.question=${oc.env:QUESTION}", "hydra.run.dir=run"]
    ended = run(TRAIN, *words, folder=home, environment=ENVIRONMENT)
    assert (ended.returncode, ended.stderr) == (0, "")
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(home)
    page = build_run(Path("run")).read_text(encoding="utf-8")
    show(Path("run"))
    assert "s3cret" not in page + capsys.readouterr().out + ended.stdout
    assert "${oc.env:HERE}/parity.py" in page
    assert holding(home / "run", "s3cret") == []
    assert len([file for file in leaving(home / "run") if file.suffix in (".wandb", ".html")]) == 2
    (config,) = [each["run"]["config"]["update"] for each in wandb_records(home / "run") if each["type"] == "run"]
    assert config["sweep"]["question"] == "${oc.env:QUESTION}" and config["model"]["hidden"] == 3
    assert config["task"]["file"] == "${oc.env:HERE}/parity.py" and "slurm" not in config


@pytest.mark.long
def test_a_sweep(home: Path) -> None:
    (home / "copy.py").write_bytes((home / SECRETS["HERE"] / "parity.py").read_bytes())
    axes = ["task.file='${oc.env:HERE}/parity.py',copy.py", "init.gain='${oc.env:GAIN}',1"]
    others = [word for word in WORDS if not word.startswith("task.file")]
    words = ["-m", *others, *axes, "sweep.question='${oc.env:QUESTION}'", "hydra.sweep.dir=sweep"]
    ended = run(TRAIN, *words, folder=home, environment=ENVIRONMENT)
    assert (ended.returncode, ended.stderr) == (0, "")
    printed = ended.stdout + ended.stderr + unrolled("report", "sweep", folder=home, environment=ENVIRONMENT).stdout
    assert "s3cret" not in printed + unrolled("show", "sweep", folder=home, environment=ENVIRONMENT).stdout
    assert holding(home / "sweep", "s3cret") == []
    assert len([file for file in leaving(home / "sweep") if file.suffix == ".wandb"]) == 4
    swept = read_sweep(home / "sweep")
    assert swept.axes == {"task.file": ["${oc.env:HERE}/parity.py", "copy.py"], "init.gain": [0.5, 1]}
    assert [each.record.axes for each in swept.runs] == [each.axes for each in swept.runs]
    for line in (sweep_command(swept), command(swept, swept.runs[0])):
        assert "${oc.env:HERE}" in line and "slurm" not in line


CONFIG = {
    "task": {"file": "${oc.env:HERE}/a.py", "name": "own"},
    "model": {"hidden": "${oc.env:HIDDEN}"},
    "sweep": {"question": "${task.file}", "resume": "${task.name}"},
    "tracker": {"project": "${oc.decode:${oc.env:QUESTION}}", "mode": "${oc.select:tracker.project}"},
    "seed": 3,
}


def test_which_values_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Itself, within a text, through another value, and in another function."""
    for name, value in {**SECRETS, "HIDDEN": "3"}.items():
        monkeypatch.setenv(name, value)
    composed = OmegaConf.create(CONFIG)
    values: dict = OmegaConf.to_container(composed, resolve=True)  # type: ignore[assignment]
    values["model"]["hidden"] = 3
    written = from_environment(composed, values)
    assert set(written) == {"task.file", "sweep.question", "tracker.project", "tracker.mode"}
    shown = publishable({**values, "slurm": {"setup": ["export KEY=1"]}}, written)
    assert "s3cret" not in str(shown) and "KEY" not in str(shown)
    assert shown["model"]["hidden"] == 3 and shown["sweep"]["resume"] == "own" and shown["seed"] == 3
    assert concealed("task.file=s3cret-folder/a.py: no such file", values, written) in (
        "task.file=${oc.env:HERE}/a.py: no such file", "task.file=${task.file}: no such file",
    )  # fmt: skip
    assert number_of("${oc.env:HIDDEN}", "model.hidden", values) == 3
    assert number_of("${oc.env:HERE}/a.py", "task.file", values) == "${oc.env:HERE}/a.py"
    assert number_of("${oc.env:ACT}", "model", values) == "${oc.env:ACT}"


def test_overrides_for_slurm_are_not_shown() -> None:
    words = ["slurm.setup=[a]", "+slurm.account=b", "++slurm.qos=c", "slurm={cpus: 2}", "seed=1", "task=latch"]
    assert public_words(words) == ["seed=1", "task=latch"]
