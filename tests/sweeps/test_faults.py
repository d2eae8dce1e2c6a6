"""Twelve runs, six of which end badly in different ways: none affects another, each leaves a record."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import train, wandb_records
from unrolled.record.results import read_sweep

TASK = '''
"""Which of two numbers was the larger? While the file `broken` is there, this one goes wrong in a run: {fault}."""
import os, signal, sys, time
from pathlib import Path
import torch
from unrolled.tasks.data import Data, Guess, Split, Stream
from unrolled.tasks.scores import classification

def go_wrong(fault):
    if fault == "raise":
        raise RuntimeError("this task is broken")
    if fault == "exit":
        sys.exit(0)
    if fault == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "hang":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            time.sleep(1)

def load(config, seed):
    fault = {fault!r} if Path({flag!r}).exists() else ""
    scale = 3e38 if fault == "explode" else 1.0
    steps = 4000 if fault == "fill" else 10  # long rows

    def make(n, generator):
        if n == 20:  # a batch of the training: what goes wrong earlier, the launcher finds before the sweep starts
            go_wrong(fault)
        x = torch.rand(n, steps, 1, generator=generator) * scale
        return Split(x=x, mask=torch.ones(n, steps, dtype=torch.bool), y=(x[:, 0, 0] > x[:, -1, 0]).long())

    train = Stream(make, samples=60, seed=seed)
    return Data("sequence_to_vector", train, train.split("val", 21), 1, ["first", "last"],
                lambda: classification(2), Guess(torch.zeros(21, 2)), "either")
'''
FAULTS = ["", "raise", "", "exit", "", "kill", "explode", "", "hang", "", "fill", ""]
FAILED = {
    1: "RuntimeError: this task is broken",
    3: "it calls sys.exit(0), which would end the run",
    5: "killed by SIGKILL",
    8: "stopped after sweep.run_timeout_min=0.5",
    10: "its folder cannot be written: No space left on device",
}
QUICK = ["task=own", "embedding=none", "model.hidden=4", "activation=identity", "trainer.max_epochs=3", "probe.every=1"]
QUICK += ["probe.births=1", "probe.samples=16", "trainer.batch_size=20", "sweep.run_timeout_min=0.5"]


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """The sweep's folder, in which the disk of run 10 is all too small."""
    folder = tmp_path / "sweep"
    small = folder / "10"
    small.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(small)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(small)], check=False)


@pytest.mark.long
def test_six_of_twelve_runs_fail_alone(full_disk: Path, tmp_path: Path) -> None:
    folder, flag = full_disk, tmp_path / "broken"
    flag.touch()
    files = []
    for number, fault in enumerate(FAULTS):
        files.append(tmp_path / f"task{number}.py")
        files[-1].write_text(TASK.format(fault=fault, flag=str(flag)))
    command = ["--config-name", "train", "hydra.mode=MULTIRUN", *QUICK, f"task.file={','.join(map(str, files))}"]
    ended = train(*command, f"hydra.sweep.dir={folder}", timeout_s=200)
    assert ended.returncode == 1
    assert (folder / "report.html").is_file()
    runs = {int(run.folder.name): run for run in read_sweep(folder).runs}
    expected = {n: "failed" if n in FAILED else "diverged" if n == 6 else "completed" for n in range(12)}
    assert {n: run.state for n, run in runs.items()} == expected
    for number, why in FAILED.items():
        assert why in (runs[number].record.error or ""), runs[number].record.error
    told = ended.stderr.splitlines()
    assert [line.split(" ")[2] for line in told] == [str(n) for n in FAILED]
    assert all(f"log: {folder / str(n) / 'cell.log'}" in line for n, line in zip(FAILED, told, strict=True))
    assert [path.name for path in (folder / "records").iterdir()] == ["10.json"]
    assert (folder / "results.csv").read_text().count("\n") == 13
    _each_is_a_run_of_its_own(folder)

    flag.unlink()
    subprocess.run(["umount", str(folder / "10")], check=True)
    before = {n: (folder / str(n) / "status.json").stat().st_mtime_ns for n in range(12) if n not in FAILED}
    again = train(*command, f"sweep.resume={folder}", timeout_s=200)
    assert (again.returncode, again.stderr) == (0, "")
    assert "7 have a result already, 5 are run" in again.stdout
    assert {n: (folder / str(n) / "status.json").stat().st_mtime_ns for n in before} == before
    states = [run.state for run in read_sweep(folder).runs]
    assert states == ["diverged" if n == 6 else "completed" for n in range(12)]
    assert not any((folder / "records").iterdir())


def _each_is_a_run_of_its_own(folder: Path) -> None:
    """W&B's reader finds each run, with the exit code of its end.

    Of one that was killed at once nothing is on disk: W&B writes in blocks.
    """
    runs = [wandb_records(path) for path in (folder / "wandb").glob("offline-run-*")]
    codes = {}
    for told in runs:
        for name in [record["run"]["display_name"] for record in told if record["type"] == "run"]:
            codes[name] = [record["exit"].get("exit_code", 0) for record in told if record["type"] == "exit"]
    assert (len(runs), len(codes)) == (12, 11)
    for name, code in codes.items():
        number = int(name.rpartition("task")[2].removesuffix(".py"))
        assert code == ([] if number == 8 else [int(number in FAILED)]), name
