"""A sweep from outside: its runs, their W&B runs, its table and page; runs that fail or are stopped."""

import csv
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from failing import failing

from commands import TRAIN, Command, unrolled
from conftest import train, wandb_records
from unrolled.processes.signals import ENDING
from unrolled.record import status
from unrolled.record.results import read_sweep
from unrolled.report.build import build

SMALL = ["trainer.max_steps=4", "probe.births=4", "probe.samples=32", "activation=tanh,identity", "init.gain=1.5"]
SMALL += ["model.hidden=8", "seed=0,1"]


def sweep(folder: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    return train("--config-name", "activations", f"hydra.sweep.dir={folder}", *SMALL, *overrides)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sweep") / "small"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("WANDB_RUN_ID", "WANDB_RUN_GROUP", "WANDB_NAME"):  # one for all runs: set aside
            patch.setenv(name, "abc")
        ended = sweep(folder)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[-1] == f"report: {folder / 'report.html'}"
    assert "tanh seed=0" in ended.stdout
    return folder


def test_each_combination_is_a_run(swept: Path) -> None:
    runs = read_sweep(swept).runs
    assert [run.name for run in runs] == ["tanh seed=0", "tanh seed=1", "identity seed=0", "identity seed=1"]
    assert all(run.state == "completed" for run in runs)
    assert all((run.folder / "cell.log").read_text().count("completed after 4 updates") == 1 for run in runs)
    assert runs[3].record.axes == {"activation": "identity", "seed": 1}


def test_wandb_reads_each_run_in_one_group(swept: Path) -> None:
    folders = sorted((swept / "wandb").glob("offline-run-*"))
    runs = [next(r["run"] for r in wandb_records(folder) if r["type"] == "run") for folder in folders]
    assert sorted(run["display_name"] for run in runs) == sorted(run.name for run in read_sweep(swept).runs)
    assert len({run["run_id"] for run in runs}) == 4
    assert {run["run_group"] for run in runs} == {f"{swept.parent.name}/{swept.name}"}
    assert {run["config"]["update"]["configuration"] for run in runs} == {"tanh", "identity"}
    for run in runs:
        config = run["config"]["update"]
        assert run["display_name"] == f"{config['activation']['name']} seed={config['seed']}"
        assert (config["init"]["gain"], config["model"]["hidden"], config["trainer"]["max_steps"]) == (1.5, 8, 4)
    for folder in folders:
        (exit_code,) = [r["exit"].get("exit_code", 0) for r in wandb_records(folder) if r["type"] == "exit"]
        assert exit_code == 0


def test_a_run_of_a_sweep_equals_the_single_run(swept: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    constants = [word for word in SMALL if "," not in word and not word.startswith("activation")]
    train(*constants, "activation=identity", "seed=1", "trainer.max_epochs=3", f"hydra.run.dir={alone}")
    run = swept / "3"
    assert status.read(run)["fingerprint"] == status.read(alone)["fingerprint"]
    for path in [alone / "metrics.csv", *(alone / "profiles").iterdir()]:
        assert (run / path.relative_to(alone)).read_bytes() == path.read_bytes(), path.name


def test_results_have_a_row_per_run_and_nothing_that_differs_between_equal_sweeps(swept: Path) -> None:
    with (swept / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["activation"], row["seed"]) for row in rows] == [
        ("identity", "0"), ("identity", "1"), ("tanh", "0"), ("tanh", "1"),
    ]  # fmt: skip
    assert rows[0]["births_regimes"] == "4:exploding"
    assert not any(re.search(r"wandb|time|folder|started", column) for column in rows[0])


def test_the_page_is_rebuilt_from_disk_alone_and_says_what_explodes(swept: Path) -> None:
    before = (swept / "results.csv").read_bytes()
    (swept / "results.csv").unlink()
    (swept / "report.html").unlink()
    page = build(swept).read_text(encoding="utf-8")
    assert (swept / "results.csv").read_bytes() == before
    assert (
        "identity explodes at initialisation: 8 of 8 networks; "
        "slope at initialisation +0.4055 nats per lag (sd 0.0000, 8 networks)." in page
    )
    own = re.sub(r'<script type="text/plain" id="plotly">.*?</script>', "", page, flags=re.DOTALL)
    assert not re.search(r"(?:src|href)\s*=\s*[\"']https?:", own) and "</html>" in own


def test_a_failed_run_is_recorded_and_stops_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    ended = sweep(folder, "activation=tanh", *failing(tmp_path), "seed=0,1")
    assert ended.returncode == 1
    states = [run.state for run in read_sweep(folder).runs]
    assert states == ["completed", "failed"]
    assert ended.stderr.startswith("unrolled: run 1 (seed=1) failed: ")
    assert "RuntimeError: this seed is unlucky; log: " in ended.stderr
    assert f"log: {folder / '1' / 'cell.log'}" in ended.stderr
    log = (folder / "1" / "cell.log").read_text()
    assert re.search(r"^\S+ \S+ ERROR .*\nTraceback", log, re.M)
    assert (folder / "report.html").is_file()


@pytest.mark.long
def test_a_run_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    ended = sweep(folder, "seed=0", "activation=tanh,relu", "trainer.max_steps=1000000", "trainer.max_epochs=100000",
                  "sweep.run_timeout_min=0.1")  # fmt: skip
    assert ended.returncode == 1
    for run in read_sweep(folder).runs:
        assert (run.state, run.record.error) == ("failed", "stopped after sweep.run_timeout_min=0.1")


def test_ctrl_c_stops_the_runs_and_still_collects(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    words = ["--config-name", "activations", f"hydra.sweep.dir={folder}", "trainer.max_epochs=1000"]
    process = Command(TRAIN, *words)
    deadline = time.monotonic() + 90
    while not (folder / "0" / "metrics.csv").is_file():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr.splitlines()[-1].startswith("unrolled: interrupted (stopped by SIGINT)")
    states = [run.state for run in read_sweep(folder).runs]
    assert states.count("interrupted") >= 1
    assert states.count("missing") >= 40
    assert (folder / "results.csv").is_file()
    assert (folder / "report.html").is_file()


@pytest.mark.long
@pytest.mark.parametrize("number", ENDING)
@pytest.mark.parametrize("times", [1, 2])
def test_a_sweep_that_is_stopped_has_its_page(number: signal.Signals, times: int, tmp_path: Path) -> None:
    """The whole process group gets the signal, as from a terminal; an axis is known to Hydra alone."""
    folder = tmp_path / "sweep"
    words = ["-m", "activation=glob(*)", "seed=0,1", f"hydra.sweep.dir={folder}", "trainer.max_epochs=1000"]
    process = Command(TRAIN, *words, "trainer.checkpoint_every_s=0")
    deadline = time.monotonic() + 90
    while not (folder / "0" / "checkpoints" / "last.ckpt").is_file():  # from there on it has steps
        assert time.monotonic() < deadline
        time.sleep(0.2)
    for _ in range(times):
        os.killpg(process.pid, number)
        time.sleep(0.1)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert stderr == f"unrolled: interrupted (stopped by {number.name}); what was computed is kept\n"
    states = [run.state for run in read_sweep(folder).runs]
    assert set(states) <= {"interrupted", "missing"} and states[0] == "interrupted"
    assert (folder / "0" / "checkpoints" / "last.ckpt").is_file()
    assert (folder / "results.csv").is_file() and (folder / "report.html").is_file()
    assert unrolled("report", str(folder)).returncode == 0


@pytest.mark.long
def test_stock_launchers_work_too(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    ended = sweep(folder, "hydra/launcher=basic", "activation=tanh", "init.gain=0.5,1.5", "seed=0")
    assert ended.returncode == 0, ended.stderr
    assert [run.name for run in read_sweep(folder).runs] == ["gain=0.5", "gain=1.5"]
    assert all(run.state == "completed" for run in read_sweep(folder).runs)
