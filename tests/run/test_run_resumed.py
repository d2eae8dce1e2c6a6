"""A run that is killed at any moment and resumed ends with the same bits as one that was not."""

import json
import os
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from commands import TRAIN, Command
from conftest import some, train, wandb_rows
from same_bits import same
from unrolled.config.identity import RunIdentity
from unrolled.config.schema import plain
from unrolled.errors import Interrupted, UserError
from unrolled.report.show import show
from unrolled.run.folders import check_run
from unrolled.run.lifecycle import run
from unrolled.run.preflight import compose
from unrolled.run.resume import epochs_begun
from unrolled.training.module import RecurrentModule

SHORT = ["task=latch", "model.hidden=8", "task.samples=200", "trainer.batch_size=20", "trainer.max_epochs=4"]
SHORT += ["trainer.max_steps=36", "trainer.log_every_n_steps=3", "probe.every=7", "probe.births=2", "probe.samples=32"]
SHORT += ["tracker=none", "trainer.checkpoint_every_s=0", "optimizer=adam"]


def one(folder: Path, *overrides: str) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    return run(compose([*SHORT, *overrides]), RunIdentity(folder, "a run", "a run"))


def killed(folder: Path, step: int, where: str, *overrides: str) -> None:
    """The same run in a process that dies at a step, as by kill -9, in training or in the validation after it."""
    method = getattr(RecurrentModule, where)

    def dies(self: RecurrentModule, *arguments: object) -> Any:
        if self.global_step == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return method(self, *arguments)

    if (child := os.fork()) == 0:
        try:
            setattr(RecurrentModule, where, dies)
            one(folder, *overrides)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)  # it should not have come so far
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The folder of an undisturbed run with these overrides, made once."""
    made: dict[tuple[str, ...], Path] = {}

    def get(*overrides: str) -> Path:
        if overrides not in made:
            made[overrides] = tmp_path_factory.mktemp("undisturbed") / "run"
            one(made[overrides], *overrides)
        return made[overrides]

    return get


# 10 steps an epoch: within one, at its first and last step, in its validation, and near max_steps
TRAINING, VALIDATION = (0, 1, 8, 10, 11, 24, 35), (30, 36)
STOPS = [(9, "training_step"), (10, "validation_step")]
LATER = [*((step, "training_step") for step in TRAINING), *((step, "validation_step") for step in VALIDATION)]


@pytest.mark.parametrize(("step", "where"), [*STOPS, *(pytest.param(*stop, marks=pytest.mark.long) for stop in LATER)])
def test_a_killed_run_goes_on_to_the_same_bits(step: int, where: str, undisturbed, tmp_path: Path) -> None:
    killed(tmp_path / "run", step, where)
    ended = one(tmp_path / "run", "resume=true")
    assert ended["steps"] == 36
    same(tmp_path / "run", undisturbed())


@pytest.mark.parametrize(
    "overrides",
    [
        ["probe.source=training", "trainer.checkpoint_every_s=0.05"],
        ["cell=lstm", "task=numbers", "trainer.max_steps=15"],
        *(
            pytest.param(words, marks=pytest.mark.long)
            for words in (
                ["probe=full", "probe.every=7", "probe.births=2", "probe.samples=32"],
                ["task=copy", "task.delay=3", "trainer.precision=64"],
                ["optimizer=sgd", "trainer.gradient_clip_val=0.1", "trainer.max_steps=null"],
                ["task=caption", "task.samples=null", "trainer.max_steps=15"],
                ["cell=lstm", "cell.chrono=true", "probe.source=training"],
                ["cell=gru", "task=caption", "task.samples=null", "trainer.max_steps=15"],
                ["cell=leaky", "task=copy", "task.delay=3"],
            )
        ),
    ],
)
def test_so_do_others_killed_again_and_again(overrides: list[str], undisturbed, tmp_path: Path) -> None:
    killed(tmp_path / "run", 4, "training_step", *overrides)
    for step in (9, 13):
        killed(tmp_path / "run", step, "training_step", *overrides, "resume=true")
    one(tmp_path / "run", *overrides, "resume=true")
    same(tmp_path / "run", undisturbed(*overrides))


@pytest.mark.long
@pytest.mark.parametrize(("step", "where"), [(0, "training_step"), (10, "validation_step"), (36, "validation_step")])
@pytest.mark.parametrize(
    "overrides",
    [
        ["probe.source=training"],
        *(
            pytest.param(words, marks=pytest.mark.long)
            for words in (
                ["probe.source=training", "probe.every=1"],
                ["probe=full", "probe.source=training", "probe.every=50", "probe.births=2", "probe.samples=32"],
                ["probe.source=training", "task=copy", "task.delay=3"],
                ["probe.every=36"],
                ["probe=off"],
            )
        ),
    ],
)
def test_every_kind_of_probe_survives_every_stop(
    overrides: list[str], step: int, where: str, undisturbed, tmp_path: Path
) -> None:
    """The look at the end is at the last training batch, also where no update is left to be done."""
    killed(tmp_path / "run", step, where, *overrides)
    one(tmp_path / "run", *overrides, "resume=true")
    same(tmp_path / "run", undisturbed(*overrides))


GREEDY = '''
"""A task that draws from the global generators, as a user's may."""
import random, numpy, torch
from unrolled.tasks.data import Data, Guess, Split, Stream
from unrolled.tasks.scores import classification

def load(config, seed):
    def make(n, generator):
        x = torch.rand(n, 6, 1) + random.random() + numpy.random.rand()
        return Split(x=x, mask=torch.ones(n, 6, dtype=torch.bool), y=(x.sum((1, 2)) > 9).long())
    train = Stream(make, samples=200, seed=seed)
    return Data("sequence_to_vector", train, train.split("val", 50), 1, ["low", "high"],
                lambda: classification(2), Guess(torch.zeros(50, 2)), "either")
'''


def test_global_generators_are_restored(undisturbed, tmp_path: Path) -> None:
    (tmp_path / "greedy.py").write_text(GREEDY)
    own = ["task=own", f"task.file={tmp_path / 'greedy.py'}", "embedding=none", "task.samples=null"]
    killed(tmp_path / "run", 17, "training_step", *own)
    one(tmp_path / "run", *own, "resume=true")
    same(tmp_path / "run", undisturbed(*own))


def test_a_run_can_be_made_longer(undisturbed, tmp_path: Path) -> None:
    one(tmp_path / "run", "trainer.max_steps=23")
    assert one(tmp_path / "run", "resume=true")["steps"] == 36
    same(tmp_path / "run", undisturbed())
    whole = ["trainer.max_steps=null", "trainer.max_epochs=4"]
    one(tmp_path / "epochs", *whole, "trainer.max_epochs=2")
    assert one(tmp_path / "epochs", *whole, "resume=true")["steps"] == 40
    same(tmp_path / "epochs", undisturbed(*whole))


@pytest.mark.long
def test_a_checkpoint_that_is_no_file_any_more_costs_time_only(undisturbed, tmp_path: Path) -> None:
    killed(tmp_path / "run", 17, "training_step")
    (tmp_path / "run" / "checkpoints" / "last.ckpt").write_bytes(b"half a checkpoint")
    one(tmp_path / "run", "resume=true")
    same(tmp_path / "run", undisturbed())


TYPED = [word for word in SHORT if not word.startswith(("tracker", "trainer.max_"))]
TYPED += ["trainer.max_epochs=12", "trainer.progress=false", "trainer.checkpoint_every_s=0.1"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("number", "code"),
    [
        *(pytest.param(*each, marks=pytest.mark.long) for each in [(signal.SIGINT, 130), (signal.SIGTERM, 143)]),
        (signal.SIGKILL, -9),
    ],
)
def test_what_a_user_stops_he_can_go_on_with(number: signal.Signals, code: int, undisturbed, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = Command(TRAIN, *TYPED, f"hydra.run.dir={folder}")
    deadline = time.monotonic() + 90
    while not (folder / "checkpoints" / "last.ckpt").is_file() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(number)
    process.communicate(timeout=60)
    status = json.loads((folder / "status.json").read_text())
    assert (process.returncode, status["state"]) == (code, "running" if code < 0 else "interrupted")
    first = status["wandb"]
    again = train(*TYPED, f"hydra.run.dir={folder}", "resume=true")
    assert (again.returncode, again.stderr) == (0, "")
    assert "resumed after" in again.stdout
    whole = undisturbed("trainer.max_epochs=12", "trainer.max_steps=null")
    for name in ("metrics.csv", "profiles/grad_h.csv"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes()
    status = json.loads((folder / "status.json").read_text())
    assert status["wandb"]["id"] == first["id"]
    old = folder / first["folder"]
    assert not old.exists() and (old.parent / "superseded" / old.name).is_dir()
    logged = [row["trainer/global_step"] for row in wandb_rows(folder / status["wandb"]["folder"])]
    written = [int(line.partition(",")[0]) for line in (folder / "metrics.csv").read_text().splitlines()[1:]]
    assert logged == written


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def reached(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that ended after 23 updates, in its third epoch of 10."""
    folder = tmp_path_factory.mktemp("reached") / "run"
    (folder / ".hydra").mkdir(parents=True)
    config = compose([*SHORT, "trainer.max_steps=23"])
    OmegaConf.save(OmegaConf.create(plain(config)), folder / ".hydra" / "config.yaml")
    run(config, RunIdentity(folder, "a run", "a run"))
    return folder


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ("trainer.max_steps=22", r"trainer.max_steps=22, .* has reached 23: give 23 or more"),
        ("trainer.max_steps=0", r"trainer.max_steps=0, .* has reached 23"),
        ("trainer.max_epochs=2 trainer.max_steps=null", r"trainer.max_epochs=2, .* has reached 3: give 3 or more"),
        ("trainer.max_epochs=1 trainer.max_steps=99", r"trainer.max_epochs=1, .* has reached 3"),
    ],
)
def test_a_limit_below_what_was_reached_is_refused(limits: str, named: str, reached: Path) -> None:
    before = bytes_of(reached)
    with pytest.raises(UserError, match=named):
        check_run(compose([*SHORT, "trainer.max_steps=23", *limits.split(), "resume=true"]), str(reached))
    assert bytes_of(reached) == before


@pytest.mark.parametrize("limits", ["trainer.max_steps=23", "trainer.max_steps=null trainer.max_epochs=3"])
def test_a_limit_that_is_not_below_is_none(limits: str, reached: Path) -> None:
    check_run(compose([*SHORT, *limits.split(), "resume=true"]), str(reached))


@pytest.mark.parametrize("step", [10, 20])
def test_what_was_reached_at_the_end_of_an_epoch_is_that_epoch(step: int, tmp_path: Path) -> None:
    one(tmp_path / "run", f"trainer.max_steps={step}")
    kept = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    assert epochs_begun(kept) == step // 10


def ended_early(folder: Path, how: type[BaseException], at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A resume to 36 updates that ends at one of them."""

    def ends(self: RecurrentModule, *arguments: Any) -> Any:
        if self.global_step == at:
            raise how(signal.SIGINT)
        return method(self, *arguments)

    method = RecurrentModule.training_step
    with monkeypatch.context() as patch, pytest.raises(how):
        patch.setattr(RecurrentModule, "training_step", ends)
        one(folder, "resume=true")


@pytest.mark.parametrize("how", some([Interrupted, RuntimeError], 2))
@pytest.mark.parametrize("at", [23, pytest.param(27, marks=pytest.mark.long)])
def test_a_resume_that_does_not_end_takes_no_result_away(  # noqa: PLR0917 - fixtures
    how: type[BaseException], at: int, undisturbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    folder = tmp_path / "run"
    before = one(folder, "trainer.max_steps=23")
    ended_early(folder, how, at, monkeypatch)
    told = json.loads((folder / "status.json").read_text())
    state = "interrupted" if how is Interrupted else "failed"
    assert told.pop("resumed")["state"] == state
    assert told == before
    capsys.readouterr()
    show(folder)
    assert f"a resume with a larger limit is {state}" in capsys.readouterr().out
    assert one(folder, "resume=true")["steps"] == 36
    same(folder, undisturbed())


def test_a_resume_that_is_killed_takes_no_result_away(tmp_path: Path) -> None:
    before = one(tmp_path / "run", "trainer.max_steps=23")
    killed(tmp_path / "run", 23, "training_step", "resume=true")
    told = json.loads((tmp_path / "run" / "status.json").read_text())
    assert told.pop("resumed")["state"] == "running"
    assert told == before


def test_a_result_without_its_checkpoint_is_not_started_over(tmp_path: Path) -> None:
    one(tmp_path / "run", "trainer.max_steps=23")
    (tmp_path / "run" / "checkpoints" / "last.ckpt").unlink()
    before = bytes_of(tmp_path / "run")
    with pytest.raises(UserError, match=r"has its result \(completed after 23 updates\), and no checkpoints/last.ckpt"):
        one(tmp_path / "run", "resume=true")
    assert bytes_of(tmp_path / "run") == before


def test_what_cannot_be_resumed_is_told_in_a_line(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    nowhere = train(*TYPED, "resume=true", f"hydra.run.dir={folder}")
    assert nowhere.returncode == 2 and "holds no run" in nowhere.stderr
    short = [*TYPED, "trainer.max_epochs=1", "tracker=none", f"hydra.run.dir={folder}"]
    assert train(*short).returncode == 0
    taken = train(*short)
    assert taken.returncode == 2 and "or continue it with resume=true" in taken.stderr
    other = train(*short, "resume=true", "optimizer.lr=0.5")
    assert other.returncode == 2 and "optimizer.lr is 0.5 now and was 0.01" in other.stderr
    nothing = train(*short, "resume=true")
    assert nothing.returncode == 0 and "has its result already: completed after 10 updates" in nothing.stdout
    for refused in (nowhere, taken, other):
        assert len(refused.stderr.splitlines()) == 1
