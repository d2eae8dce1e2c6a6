"""An interrupted sweep is resumed: results are kept, and equal runs end equal."""

import fcntl
import os
import random
import signal
import time
from pathlib import Path

import pytest
from failing import failing

from commands import TRAIN, Command
from conftest import train, wandb_records
from unrolled.errors import UserError
from unrolled.record.plan import Planned, read_plan
from unrolled.record.results import read_sweep
from unrolled.sweeps.plan import assign

QUICK = ["task=latch", "model.hidden=8", "trainer.max_steps=400", "trainer.max_epochs=10", "probe.every=20"]
QUICK += ["probe.births=2", "trainer.log_every_n_steps=5", "trainer.checkpoint_every_s=0.2"]
COMMAND = ["--config-name", "train", "hydra.mode=MULTIRUN", *QUICK]
SHORTEST = [*COMMAND, "trainer.max_steps=2", "probe.births=0", "tracker=none", "seed=0,1"]


def wanted(**fingerprints: str) -> list[tuple[dict[str, str], str]]:
    return [({"gain": gain}, fingerprint) for gain, fingerprint in fingerprints.items()]


def test_a_first_sweep_is_numbered_in_order() -> None:
    found = assign([], wanted(low="a", high="b"))
    assert found == [Planned(0, {"gain": "low"}, "a"), Planned(1, {"gain": "high"}, "b")]


def test_known_runs_keep_their_numbers_and_new_ones_take_the_next() -> None:
    known = assign([], wanted(low="a", high="b"))
    found = assign(known, wanted(lowest="c", high="b", low="a"))
    assert [(run.number, run.fingerprint) for run in found] == [(2, "c"), (1, "b"), (0, "a")]


def test_equal_runs_stay_apart() -> None:
    twice = [({"seed": 0}, "a"), ({"seed": 0}, "a")]
    known = assign([], twice)
    assert [run.number for run in known] == [0, 1]
    assert [run.number for run in assign(known, [*twice, ({"seed": 0}, "a")])] == [0, 1, 2]


def test_a_changed_configuration_is_refused() -> None:
    known = assign([], wanted(low="a", high="b"))
    with pytest.raises(UserError, match=r"the configuration of run 1 \(high\) is not what it was"):
        assign(known, wanted(low="a", high="other"))
    with pytest.raises(UserError, match="this folder swept gain, now it is seed"):
        assign(known, [({"seed": "0"}, "z")])


def runs_alive(folder: Path) -> list[int]:
    """Processes whose output goes to a run's log."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            target = str((process / "fd" / "1").readlink())
        except OSError:
            continue
        if target.startswith(f"{folder}/") and target.endswith("cell.log"):
            found.append(int(process.name))
    return found


def disturbed(folder: Path, axis: str, most: int, draw: random.Random) -> int:
    """Kills run, launcher or both at random moments and resumes the sweep each time, until it ends by itself.

    Returns the number of kills, at most `most`.
    """
    kills = 0
    while kills < most:
        begun = (folder / "multirun.yaml").is_file()
        process = Command(TRAIN, *COMMAND, axis, f"sweep.resume={folder}" if begun else f"hydra.sweep.dir={folder}")
        victims = "run"
        while kills < most and victims == "run":  # the launcher goes on without it
            while not (alive := runs_alive(folder)) and process.poll() is None:
                time.sleep(0.02)
            time.sleep(draw.uniform(0, 2))
            if process.poll() is not None:
                break
            victims = draw.choice(["run", "run", "launcher", "both"])
            alive = runs_alive(folder)[:1] if victims != "launcher" else []
            for pid in alive:
                os.kill(pid, signal.SIGKILL)
            if victims != "run":
                process.kill()
            kills += int(victims != "run" or bool(alive))
        process.communicate(timeout=120)
        if process.returncode == 0:
            break
    return kills


def same(folder: Path, other: Path) -> None:
    assert (folder / "results.csv").read_bytes() == (other / "results.csv").read_bytes()
    for run in read_sweep(folder).runs:
        twin = other / run.folder.name
        for file in [run.folder / "metrics.csv", *(run.folder / "profiles").iterdir()]:
            assert file.read_bytes() == (twin / file.relative_to(run.folder)).read_bytes(), file


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed") / "sweep"
    ended = train(*COMMAND, "seed=0,1,2,3", f"hydra.sweep.dir={folder}")
    assert (ended.returncode, ended.stderr) == (0, "")
    return folder


LONG = pytest.mark.long


@pytest.mark.parametrize(
    ("seed", "kills"),
    [pytest.param(0, 1, marks=LONG), pytest.param(1, 50, marks=LONG), pytest.param(2, 50, marks=LONG)],
)
def test_a_sweep_killed_at_random_moments_ends_as_if_nothing_had_happened(
    seed: int, kills: int, undisturbed: Path, tmp_path: Path
) -> None:
    killed, rounds, draw = 0, 0, random.Random(seed)
    while killed < kills:
        folder = tmp_path / str(rounds)
        killed += disturbed(folder, "seed=0,1,2,3", kills - killed, draw)
        rounds += 1
        last = train(*COMMAND, "seed=0,1,2,3", f"sweep.resume={folder}")
        assert (last.returncode, last.stderr) == (0, "")
        assert "report.html" in last.stdout
        same(undisturbed, folder)
        runs = [record for path in (folder / "wandb").glob("offline-run-*") for record in wandb_records(path)]
        names = sorted(record["run"]["display_name"] for record in runs if record["type"] == "run")
        assert names == [f"seed={seed}" for seed in range(4)]
    print(f"{killed} kills over {rounds} sweeps")


def written(folder: Path) -> list[int]:
    """Times at which the statuses were written."""
    return [(run.folder / "status.json").stat().st_mtime_ns for run in read_sweep(folder).runs]


@pytest.mark.long
def test_only_what_has_no_result_is_run_again_and_an_axis_can_grow(undisturbed: Path) -> None:
    before = {run.folder.name: (run.folder / "status.json").stat().st_mtime_ns for run in read_sweep(undisturbed).runs}
    grown = train(*COMMAND, "seed=3,4,2,1,0", f"sweep.resume={undisturbed}")
    assert (grown.returncode, grown.stderr) == (0, "")
    assert "4 have a result already, 1 are run" in grown.stdout
    after = {run.folder.name: (run.folder / "status.json").stat().st_mtime_ns for run in read_sweep(undisturbed).runs}
    assert {name: after[name] for name in before} == before
    assert [run.axes for run in read_plan(undisturbed)] == [{"seed": seed} for seed in range(5)]
    assert read_sweep(undisturbed).runs[4].state == "completed"


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shortest sweep that has come to its end."""
    folder = tmp_path_factory.mktemp("ended") / "sweep"
    assert train(*SHORTEST, f"hydra.sweep.dir={folder}").returncode == 0
    return folder


def test_a_mistake_about_what_to_resume_is_reported(ended: Path, tmp_path: Path) -> None:
    for arguments, message in [
        ([f"sweep.resume={tmp_path / 'nowhere'}"], "holds no sweep"),
        ([f"sweep.resume={ended}", "optimizer.lr=0.5"], "is not what it was"),
        ([f"hydra.sweep.dir={ended}"], "already holds results"),
    ]:
        refused = train(*SHORTEST, *arguments)
        assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
        assert message in refused.stderr
    single = train(f"sweep.resume={ended}")
    assert single.returncode == 2 and "this is a single run" in single.stderr


def test_a_second_launcher_on_one_folder_refuses(ended: Path) -> None:
    with (ended / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = train(*SHORTEST, f"sweep.resume={ended}")
    assert second.returncode == 2
    refusal = "another process is at work here: wait until it has ended, or end it"
    assert second.stderr == f"unrolled: {ended}: {refusal}\n"


def test_a_dry_run_names_its_runs_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    ended = train(*COMMAND, "seed=0,1", "init.gain=0.5,1.5", "sweep.dry_run=true", f"hydra.sweep.dir={folder}")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [
        "4 runs: seed = 0,1, init.gain = 0.5,1.5",
        f"{folder}/0  seed=0 gain=0.5",
        f"{folder}/1  seed=0 gain=1.5",
        f"{folder}/2  seed=1 gain=0.5",
        f"{folder}/3  seed=1 gain=1.5",
    ]
    assert not folder.exists()


@pytest.mark.long
def test_an_error_can_keep_the_waiting_runs_from_starting(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    words = [*failing(tmp_path), "seed=1,2,3,4", "hydra.launcher.slots=1"]
    ended = train(*COMMAND, *words, "sweep.on_error=stop", f"hydra.sweep.dir={folder}")
    assert ended.returncode == 1
    assert [run.state for run in read_sweep(folder).runs] == ["failed", "missing", "missing", "missing"]
