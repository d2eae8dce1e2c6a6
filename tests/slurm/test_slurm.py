"""Sweeps on a real Slurm: as on one machine, and what happens to runs that are killed, preempted or out of time."""

import os
import signal
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cluster import Cluster, unavailable

from commands import TRAIN, Command
from conftest import train, wandb_records
from unrolled.record import status
from unrolled.record.results import read_sweep

pytestmark = pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))

QUICK = ["task=latch", "model.hidden=8", "trainer.max_steps=60", "probe.every=20", "probe.births=2"]
SWEEP = ["--config-name", "train", "hydra.mode=MULTIRUN", "hydra/launcher=slurm"]
LONG = ["task=latch", "task.samples=2000", "trainer.max_epochs=100", "trainer.max_steps=2500", "model.hidden=8"]
LONG += ["probe.births=2", "trainer.checkpoint_every_s=1"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("slurm") / "cluster") as cluster:
        yield cluster


SLOW = """
import os, time
import torch
from unrolled.tasks.data import Data, Guess, Split, Stream
from unrolled.tasks.scores import classification

def load(config, seed):
    first = "SLURM_JOB_ID" in os.environ and int(os.environ.get("SLURM_RESTART_COUNT", "0")) == 0

    def make(n, generator):
        time.sleep(0.5 if first and n == 20 else 0)  # a batch: the first job is always too short
        x = torch.rand(n, 8, 1, generator=generator)
        return Split(x=x, mask=torch.ones(n, 8, dtype=torch.bool), y=(x[:, 0, 0] > x[:, -1, 0]).long())

    train = Stream(make, samples=20 * 600, seed=seed)
    return Data("sequence_to_vector", train, train.split("val", 50), 1, ["first", "last"],
                lambda: classification(2), Guess(torch.zeros(50, 2)), "either")
"""
STARTED: list[Command] = []


@pytest.fixture(autouse=True)
def nothing_is_left(cluster: Cluster) -> Iterator[None]:
    """A test that fails leaves neither a launcher nor jobs for the next one to wait for."""
    yield
    for command in STARTED:
        command.end()
    if STARTED:
        cluster.clear()
    STARTED.clear()


def start(cluster: Cluster, folder: Path, *words: str) -> Command:
    where = [] if any(word.startswith("sweep.resume") for word in words) else [f"hydra.sweep.dir={folder}"]
    STARTED.append(Command(TRAIN, *SWEEP, *words, *where, environment=cluster.environment))
    return STARTED[-1]


def same(run_folder: Path, *words: str) -> None:
    """As the same configuration run alone on this machine, to the byte."""
    alone = run_folder.parent.parent / f"alone{run_folder.name}"
    assert train(*words, "tracker=none", f"hydra.run.dir={alone}", timeout_s=300).returncode == 0
    for file in [alone / "metrics.csv", *(alone / "profiles").iterdir()]:
        assert (run_folder / file.relative_to(alone)).read_bytes() == file.read_bytes(), file


@pytest.mark.long
def test_a_sweep_over_two_nodes_is_as_one_on_this_machine(cluster: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    process = start(cluster, folder, *QUICK, "seed=0,1,2,3", "slurm.gpus_per_run=1", "trainer.precision=64")
    stdout, stderr = process.communicate(timeout=300)
    assert (process.returncode, stderr) == (0, "")
    assert "4 jobs submitted" in stdout and "4/4 runs ended: 4 completed" in stdout
    runs = read_sweep(folder).runs
    places = [(each.record.machine["node"], each.record.machine["gpus"]) for each in runs]
    assert sorted(places) == [("n1", "0"), ("n1", "1"), ("n2", "0"), ("n2", "1")]
    runs = [
        next(record["run"] for record in wandb_records(run) if record["type"] == "run")
        for run in (folder / "wandb").glob("offline-run-*")
    ]
    assert sorted(run["display_name"] for run in runs) == [f"seed={seed}" for seed in range(4)]
    assert {run["run_group"] for run in runs} == {f"{tmp_path.name}/sweep"}
    assert (folder / "results.csv").is_file() and (folder / "report.html").is_file()
    same(folder / "2", *QUICK, "seed=2", "trainer.precision=64")


@pytest.mark.long
def test_runs_can_share_a_job_and_several_ranks_are_as_many_tasks(cluster: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    words = [*QUICK, "trainer.precision=64", "optimizer=sgd", "optimizer.lr=0.01"]
    process = start(cluster, folder, *words, "trainer=cpu,ddp_cpu", "seed=0,1,2", "slurm.runs_per_job=3")
    stdout, stderr = process.communicate(timeout=300)
    assert (process.returncode, stderr) == (0, "")
    assert "4 jobs submitted" in stdout  # three runs in one, and three of two tasks
    by_axes = {(each.axes["trainer"], each.axes["seed"]): each for each in read_sweep(folder).runs}
    for seed in range(3):
        one, two = by_axes["cpu", seed], by_axes["ddp_cpu", seed]
        assert one.record.metrics == pytest.approx(two.record.metrics, rel=1e-6)
    assert len({by_axes["cpu", seed].record.machine["job"] for seed in range(3)}) == 1
    assert len(list((folder / "wandb").glob("offline-run-*"))) == 6


def running(cluster: Cluster, folder: Path, number: int) -> dict[str, str]:
    """Returns the machine of a run, once it has saved a checkpoint."""
    cluster.wait((folder / str(number) / "checkpoints" / "last.ckpt").is_file, timeout_s=120)
    return status.read(folder / str(number))["machine"]


def process_of(folder: Path) -> int:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str((process / "fd" / "1").readlink()) == str(folder / "cell.log"):
                return int(process.name)
        except OSError:
            continue
    raise AssertionError(f"{folder} has no process")


def preempted(cluster: Cluster, machine: dict[str, str], folder: Path) -> None:
    """By a job of higher priority on its node; once that is gone it need not wait for its turn."""
    where = ("--partition=high", f"--nodelist={machine['node']}", "--exclusive")
    blocker = cluster.ask("sbatch", "--parsable", *where, "--output=/dev/null", "--wrap=sleep 8").strip()
    cluster.wait(lambda: blocker not in cluster.ask("squeue", "-h", "-o", "%A"))
    start_at_once(cluster, folder)


def start_at_once(cluster: Cluster, folder: Path) -> None:
    """Starts the jobs that Slurm has put back into its queue, which it would let wait for two minutes.

    Not at once: a job that starts in the second in which it was requeued is killed as "credential revoked".
    """
    jobs = folder / "slurm" / "jobs.txt"
    for job in jobs.read_text().split() if jobs.is_file() else []:
        why, _, begins = cluster.ask("squeue", "-h", "-j", job, "-o", "%r %S").strip().partition(" ")
        if begins == "N/A":  # it has not been given a time yet
            continue
        if why == "BeginTime" and datetime.fromisoformat(begins) > datetime.now() + timedelta(seconds=10):  # once
            cluster.ask("scontrol", "update", f"jobid={job}", "StartTime=now+3")


@pytest.mark.long
def test_one_run_killed_one_preempted(cluster: Cluster, tmp_path: Path, killed) -> None:
    killed("Slurm, SIGKILL", "step")
    killed("Slurm, preempted", "step")
    folder = tmp_path / "sweep"
    process = start(cluster, folder, *LONG, "seed=0,1,2,3", "slurm.gpus_per_run=1")
    machines = [running(cluster, folder, number) for number in range(4)]
    victim = next(i for i in range(4) if machines[i]["node"] != machines[0]["node"])
    os.kill(process_of(folder / str(victim)), signal.SIGKILL)
    preempted(cluster, machines[0], folder)
    _, stderr = process.communicate(timeout=400)
    assert process.returncode == 1
    (told,) = stderr.splitlines()
    assert told.startswith(f"unrolled: run {victim} (seed={victim}) failed: killed by SIGKILL")
    states = [each.state for each in read_sweep(folder).runs]
    assert states == ["failed" if i == victim else "completed" for i in range(4)]
    assert "resumed after" in (folder / "0" / "cell.log").read_text()
    same(folder / "0", *LONG, "seed=0")
    again = start(cluster, folder, *LONG, "seed=0,1,2,3", "slurm.gpus_per_run=1", f"sweep.resume={folder}")
    stdout, stderr = again.communicate(timeout=300)
    assert (again.returncode, stderr) == (0, "")
    assert "3 have a result already, 1 are run" in stdout
    same(folder / str(victim), *LONG, f"seed={victim}")
    told = [record for run in (folder / "wandb").glob("offline-run-*") for record in wandb_records(run)]
    names = [record["run"]["display_name"] for record in told if record["type"] == "run"]
    assert sorted(names) == [f"seed={seed}" for seed in range(4)]


@pytest.mark.long
def test_a_run_out_of_time_goes_on_in_its_next_job(cluster: Cluster, tmp_path: Path, killed) -> None:
    killed("Slurm, out of time", "step")
    folder, task = tmp_path / "sweep", tmp_path / "slow.py"
    task.write_text(SLOW)
    longer = ["task=own", f"task.file={task}", "embedding=none", "model.hidden=4", "trainer.batch_size=20"]
    longer += ["trainer.max_steps=600", "trainer.checkpoint_every_s=1", "probe.births=2"]
    process = start(cluster, folder, *longer, "seed=0,1", "slurm.timeout_min=1")
    deadline = time.monotonic() + 900
    while process.poll() is None:
        assert time.monotonic() < deadline
        start_at_once(cluster, folder)
        time.sleep(2)
    assert (process.returncode, process.communicate()[1]) == (0, "")
    assert "resumed after" in (folder / "0" / "cell.log").read_text()
    same(folder / "0", *longer, "seed=0")


@pytest.mark.long
def test_after_the_launcher_is_gone_its_runs_finish_and_resume_finds_them(
    cluster: Cluster, tmp_path: Path, killed
) -> None:
    killed("Slurm, SIGKILL", "before step 1")
    folder = tmp_path / "sweep"
    process = start(cluster, folder, *QUICK, "seed=0,1")
    cluster.wait((folder / "slurm" / "jobs.txt").is_file)
    process.kill()
    process.communicate()
    early = start(cluster, folder, *QUICK, "seed=0,1", f"sweep.resume={folder}")
    assert "still queued or running" in early.communicate(timeout=60)[1]
    cluster.wait(lambda: not cluster.ask("squeue", "-h").strip(), timeout_s=120)
    late = start(cluster, folder, *QUICK, "seed=0,1", f"sweep.resume={folder}")
    stdout, stderr = late.communicate(timeout=120)
    assert (late.returncode, stderr) == (0, "")
    assert "2 have a result already, 0 are run" in stdout


@pytest.mark.long
def test_ctrl_c_cancels_the_jobs(cluster: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    process = start(cluster, folder, *LONG, "seed=range(0,9)")
    running(cluster, folder, 0)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130, stderr
    assert not cluster.ask("squeue", "-h").strip()
    states = [each.state for each in read_sweep(folder).runs]
    assert states[0] == "interrupted" and states[-1] == "missing"
