"""One run on two processes: the numbers of one, one record, and no process left behind."""

import contextlib
import csv
import importlib.util
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

import own_data
from commands import TRAIN, Command
from conftest import ROOT, train, wandb_records
from unrolled.config.identity import RunIdentity
from unrolled.processes.signals import ENDING
from unrolled.record.results import read_sweep
from unrolled.rnn import Batch
from unrolled.run.lifecycle import run
from unrolled.run.preflight import compose
from unrolled.tasks import OWN, TASKS

SAME = ["trainer.precision=64", "optimizer=sgd", "trainer.max_steps=20", "trainer.log_every_n_steps=1"]
SAME += ["probe.every=5", "probe.births=2", "probe.samples=32", "model.hidden=8"]


def numbers(file: Path) -> list[list[float]]:
    with file.open(newline="") as text:
        return [[float(value or "nan") for value in row] for row in list(csv.reader(text))[1:]]


def alike(folder: Path, other: Path) -> None:
    for file in [folder / "metrics.csv", *(folder / "profiles").glob("*.csv")]:
        rows, others = numbers(file), numbers(other / file.relative_to(folder))
        assert len(rows) == len(others) > 1
        for row, twin in zip(rows, others, strict=True):
            assert row == pytest.approx(twin, rel=1e-9, nan_ok=True), file.name


def here(folder: Path, *overrides: str) -> dict[str, Any]:
    """The run in this process; ranks are forked from it."""
    folder.mkdir()
    return run(compose([*SAME, "tracker=none", *overrides]), RunIdentity(folder, "a run", "a run"))


def no_stray_process(folder: Path, command: Command) -> None:
    """Asserts that no process of the command's session is left, and none that has a file of the folder open.

    The fork server takes some seconds to go.
    """
    deadline = time.monotonic() + 15
    while found := [p for p in Path("/proc").glob("[0-9]*") if _session(p) == command.pid or _holds(p, folder)]:
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


def _session(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[3])
    except OSError:
        return 0


def _holds(process: Path, folder: Path) -> bool:
    try:
        return any(str(file.readlink()).startswith(f"{folder}/") for file in (process / "fd").iterdir())
    except OSError:
        return False


DIFFERENT_LENGTHS = ["task=numbers", "trainer.batch_size=33", "task.samples=300", "task.digits=3"]
AN_ANSWER_AT_EACH_STEP = ["task=chars", "task.length=20", "trainer.batch_size=7", "probe.source=training"]
A_LAST_BATCH_OF_ONE = ["task=latch", "task.samples=21", "trainer.batch_size=4", "probe.source=training"]
NUMBERS_FOR_ANSWERS = ["task=forecast", "trainer.batch_size=50", "trainer.max_steps=8"]  # and a reference


@pytest.mark.parametrize(
    "overrides",
    [
        AN_ANSWER_AT_EACH_STEP,
        A_LAST_BATCH_OF_ONE,
        ["cell=lstm", *DIFFERENT_LENGTHS, "probe.source=training", "trainer.max_steps=8"],
        *(
            pytest.param(words, marks=pytest.mark.long)
            for words in (
                ["probe.source=training", "trainer.batch_size=51"],
                [*DIFFERENT_LENGTHS, "probe.source=training"],
                ["task=caption", "trainer.batch_size=64"],
                ["cell=leaky", *AN_ANSWER_AT_EACH_STEP],
                ["cell=gru", *AN_ANSWER_AT_EACH_STEP],
                ["cell=lstm", *A_LAST_BATCH_OF_ONE],
                ["cell=lstm", "task=caption", "trainer.batch_size=64"],
                NUMBERS_FOR_ANSWERS,
            )
        ),
    ],
)
def test_two_ranks_give_the_numbers_of_one(overrides: list[str], tmp_path: Path) -> None:
    first = here(tmp_path / "one", *overrides)
    second = here(tmp_path / "two", *overrides, "trainer=ddp_cpu")
    assert first["state"] == second["state"] == "completed"
    alike(tmp_path / "one", tmp_path / "two")
    for key in ("metrics", "train", "baseline"):
        assert first[key] == pytest.approx(second[key], rel=1e-6, nan_ok=True)
    assert first["regime"] == second["regime"]


FEW = ["trainer.max_steps=4", "probe.every=2", "trainer.batch_size=30", "probe.source=training"]
SMALL = {"copy": ["task.delay=3"], "numbers": ["task.samples=300"], "notes": ["trainer.batch_size=2"]}


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in TASKS if name != OWN])
def test_so_they_do_of_every_task(name: str, tmp_path: Path) -> None:
    if not all(importlib.util.find_spec(package) for package in TASKS[name].needs):
        pytest.skip("its extra is not installed")
    words = [f"task={name}", *FEW, *SMALL.get(name, []), *own_data.overrides(name)]
    test_two_ranks_give_the_numbers_of_one(words, tmp_path)
    here(tmp_path / "resumed", *words, "trainer=ddp_cpu", "trainer.max_steps=2")
    shutil.copytree(tmp_path / "resumed", tmp_path / "again")
    again = RunIdentity(tmp_path / "again", "a run", "a run")
    run(compose([*SAME, "tracker=none", *words, "trainer=ddp_cpu", "resume=true"]), again)
    alike(tmp_path / "two", again.folder)


@pytest.mark.long
def test_torchrun_starts_the_same_run(tmp_path: Path) -> None:
    alone, folder = tmp_path / "alone", tmp_path / "torchrun"
    here(alone)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    command += ["src/train.py", *SAME, "trainer=ddp_cpu", f"hydra.run.dir={folder}"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("completed after 20 updates") == 1
    alike(alone, folder)
    assert len(list((folder / "wandb").glob("offline-run-*"))) == 1


@pytest.mark.long
def test_a_sweep_of_runs_on_two_ranks_leaves_one_record_each(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    command = ["--config-name", "train", "hydra.mode=MULTIRUN", "seed=0,1", *SAME]
    sweep = Command(TRAIN, *command, "trainer=ddp_cpu", f"hydra.sweep.dir={folder}")
    _, errors = sweep.communicate(timeout=120)
    assert (sweep.returncode, errors) == (0, "")
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == ["0", "1", "wandb"]
    runs = [
        next(record["run"] for record in wandb_records(run) if record["type"] == "run")
        for run in (folder / "wandb").glob("offline-run-*")
    ]
    assert sorted(run["display_name"] for run in runs) == ["seed=0", "seed=1"]
    for each in read_sweep(folder).runs:
        assert each.state == "completed"
        alone = tmp_path / f"alone{each.axes['seed']}"
        here(alone, f"seed={each.axes['seed']}")
        alike(alone, each.folder)
    no_stray_process(folder, sweep)


LONG = ["task=latch", "task.samples=2000", "trainer.max_epochs=1000", "trainer.max_steps=null", "trainer=ddp_cpu"]
LONG += ["trainer.checkpoint_every_s=0.2", "model.hidden=8", "probe.births=2", "tracker=none"]


def started(folder: Path, *more: str, until: str = "checkpoints/last.ckpt") -> Command:
    process = Command(TRAIN, *LONG, *more, f"hydra.run.dir={folder}")
    deadline = time.monotonic() + 60
    while not (folder / until).is_file() or (until == "metrics.csv" and (folder / until).read_text().count("\n") < 2):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    return process


def test_ctrl_c_ends_all_ranks_between_two_steps_and_the_run_can_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = started(folder)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr.splitlines()[-1].startswith("unrolled: interrupted (stopped by SIGINT)")
    assert json.loads((folder / "status.json").read_text())["state"] == "interrupted"
    reached = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["global_step"]
    again = train(*LONG, f"hydra.run.dir={folder}", "resume=true", f"trainer.max_steps={reached + 5}")
    assert (again.returncode, again.stderr) == (0, "")
    assert f"resumed after {reached} updates" in again.stdout
    no_stray_process(folder, process)


def test_ctrl_c_of_a_terminal_reaches_every_rank_and_the_checkpoint_is_saved(tmp_path: Path) -> None:
    """Each rank gets the terminal's SIGINT, and the SIGTERM of the process that started it."""
    folder = tmp_path / "run"
    process = started(folder, "trainer.checkpoint_every_s=1000", "probe=off", until="metrics.csv")
    while len((folder / "metrics.csv").read_text().splitlines()) < 3:
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):  # it may end before the last signal
        for _ in range(3):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.1)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr.splitlines()[-1].startswith("unrolled: interrupted (stopped by SIGINT)")
    assert torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["global_step"] > 0
    no_stray_process(folder, process)


@pytest.mark.long
@pytest.mark.parametrize("number", ENDING)
@pytest.mark.parametrize("target", ["starter", "group", "rank 0", "rank 1"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_signal_to_any_of_them_ends_all(number: signal.Signals, target: str, times: int, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = started(folder, "trainer.checkpoint_every_s=1000", "probe=off", until="metrics.csv")
    ranks = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    pid = int(ranks[int(target[-1])]) if target.startswith("rank") else process.pid
    with contextlib.suppress(ProcessLookupError):
        for _ in range(times):
            (os.killpg if target == "group" else os.kill)(pid, number)
            time.sleep(0.1)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert stderr == f"unrolled: interrupted (stopped by {number.name}); what was computed is kept\n"
    told = json.loads((folder / "status.json").read_text())
    assert (told["state"], told["error"]) == ("interrupted", f"stopped by {number.name}")
    assert torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["global_step"] > 0
    no_stray_process(folder, process)


def test_a_rank_that_is_killed_ends_the_run_and_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = started(folder)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) == 2
    os.kill(int(children[1]), signal.SIGKILL)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "rank 1 was killed by SIGKILL" in stderr.splitlines()[-1]
    assert json.loads((folder / "status.json").read_text())["state"] == "failed"
    no_stray_process(folder, process)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["trainer=cpu", "trainer.num_nodes=2"], "start the ranks with torchrun, or use hydra/launcher=slurm"),
        (["trainer=ddp"], "torch sees no GPU here"),
        (["hydra.mode=MULTIRUN", "seed=0,1", "hydra/launcher=joblib", "trainer=ddp_cpu"], "hydra/launcher"),
    ],
)
def test_what_cannot_work_is_told_before_anything_starts(words: list[str], told: str, tmp_path: Path) -> None:
    ended = train(*words, f"hydra.run.dir={tmp_path / 'run'}", f"hydra.sweep.dir={tmp_path / 'sweep'}")
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
    assert told in ended.stderr
    assert not any(tmp_path.iterdir())


def test_what_every_rank_finds_wrong_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text("def load(config, seed): return None")
    words = ["task=own", f"task.file={tmp_path / 'odd.py'}", "trainer=ddp_cpu", f"hydra.run.dir={tmp_path / 'run'}"]
    ended = train(*words)
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
    assert ended.stderr == f"unrolled: {words[1]}: load() returned NoneType, not unrolled.tasks.data.Data\n"
    assert not (tmp_path / "run").exists()


def test_a_batch_falls_into_parts() -> None:
    steps = torch.arange(5).expand(3, 5)
    whole = Batch(steps, torch.ones(3, 5, dtype=torch.bool), torch.arange(5), None)
    parts = [whole.part(i, 3) for i in range(3)]
    assert [part.answers for part in parts] == [2, 2, 1]
    assert torch.cat([part.x for part in parts], dim=1).equal(steps)
    vectors = Batch(torch.rand(2, 7), None, steps[:, :2], torch.ones(3, 2, dtype=torch.bool))
    assert [vectors.part(i, 3).x.shape for i in range(3)] == [(1, 7), (1, 7), (0, 7)]
    assert math.prod(vectors.part(1, 3).y.shape) == 3
