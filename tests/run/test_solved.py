"""When a task counts as solved, and runs that stop there: resumed, on two ranks, by either limit."""

import math
import shutil
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from test_run_resumed import killed, one, same

from conftest import some
from unrolled.config.fingerprint import fingerprint
from unrolled.config.schema import plain
from unrolled.errors import UserError
from unrolled.record import status
from unrolled.record.tables import read_table
from unrolled.run.preflight import compose
from unrolled.training.solved import Solved

EPOCH, LONGEST = 10, 90  # updates
TRAINER = ["trainer.max_steps=null", f"trainer.max_epochs={LONGEST // EPOCH}", "trainer.batch_size=20"]
EASY = ["task.length=6", "optimizer.lr=0.003", *TRAINER]
STOP = "trainer.stop_when_solved=true"


def by_hand(good: list[bool]) -> int | None:
    """Number of the first validation that is good with the two after it."""
    return next((i for i in range(len(good) - 2) if all(good[i : i + 3])), None)


@given(st.lists(st.booleans(), max_size=20), st.integers(0, 20), st.booleans())
def test_solved_is_the_first_of_three_good_validations(good: list[bool], stopped: int, larger: bool) -> None:
    """Also where the run is stopped, and resumed, between two of them."""
    found = Solved("score", 0.5, larger, stop=False)
    for i, each in enumerate(good):
        if i == stopped:
            kept = found.state_dict()
            found = Solved("score", 0.5, larger, stop=False)
            found.load_state_dict(kept)
        if found.at is None:
            found.count(10 * (i + 1), 0.9 if each == larger else 0.1)
    first = by_hand(good)
    assert found.at == (None if first is None else 10 * (first + 1))


def test_the_limit_itself_is_good_and_nan_is_not() -> None:
    for value, expected in ((0.5, 1), (float("nan"), None)):
        found = Solved("score", 0.5, True, stop=False)
        for step in (1, 2, 3):
            found.count(step, value)
        assert found.at == expected


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that does not stop where it is solved."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    one(folder, *EASY)
    return folder


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run, which does."""
    folder = tmp_path_factory.mktemp("stopped") / "run"
    one(folder, *EASY, STOP)
    return folder


def solved_at(folder: Path) -> int:
    found = status.read(folder)["solved"]["at"]
    assert found is not None and EPOCH < found < LONGEST - 2 * EPOCH
    return found


def validations(folder: Path) -> dict[int, float]:
    """Accuracy at the end of each epoch, by updates."""
    header, rows = read_table(folder / "metrics.csv")
    found = [(int(row[0]), row[header.index("val/accuracy")]) for row in rows]
    return {step: score for step, score in found if not math.isnan(score)}


def test_the_moment_is_that_of_the_scores_that_were_recorded(whole: Path) -> None:
    steps, scores = zip(*validations(whole).items(), strict=True)
    first = by_hand([score >= 0.99 for score in scores])
    assert first is not None and steps[first] == solved_at(whole)


def test_a_run_stops_two_validations_after_it(whole: Path, stopped: Path) -> None:
    at, ended = solved_at(whole), status.read(stopped)
    assert (solved_at(stopped), ended["steps"], ended["state"]) == (at, at + 2 * EPOCH, "completed")
    alike = {step: score for step, score in validations(whole).items() if step <= ended["steps"]}
    assert validations(stopped) == alike


def moments(folder: Path) -> list[tuple[int, str]]:
    at = solved_at(folder)
    return [(at - 1, "training_step"), (at, "validation_step"), (at, "training_step"), (at + EPOCH, "training_step"),
            (at + 2 * EPOCH - 1, "training_step"), (at + 2 * EPOCH, "validation_step")]  # fmt: skip


@pytest.mark.parametrize("moment", some(range(6), 6))
def test_a_killed_run_stops_at_the_same_bits(moment: int, stopped: Path, tmp_path: Path) -> None:
    killed(tmp_path / "run", *moments(stopped)[moment], *EASY, STOP)
    one(tmp_path / "run", *EASY, STOP, "resume=true")
    same(tmp_path / "run", stopped)


@pytest.mark.parametrize("limit", [f"trainer.max_epochs={LONGEST // EPOCH + 9}", f"trainer.max_steps={LONGEST - 1}"])
def test_a_run_that_has_stopped_is_not_trained_on(limit: str, stopped: Path, tmp_path: Path) -> None:
    shutil.copytree(stopped, tmp_path / "run")
    again = one(tmp_path / "run", *EASY, STOP, limit, "resume=true")
    assert again["fingerprint"] != status.read(stopped)["fingerprint"]
    ours, theirs = (torch.load(f / "checkpoints" / "last.ckpt", weights_only=True) for f in (tmp_path / "run", stopped))
    assert ours["global_step"] == theirs["global_step"] == again["steps"]
    assert all(torch.equal(value, theirs["state_dict"][key]) for key, value in ours["state_dict"].items())
    assert (tmp_path / "run" / "metrics.csv").read_bytes() == (stopped / "metrics.csv").read_bytes()


@pytest.mark.parametrize("good", [pytest.param(1, marks=pytest.mark.long), 2])
@pytest.mark.parametrize("by_epochs", some([True, False], 2))
def test_good_validations_that_the_end_cuts_off_count_once_it_is_made_longer(
    good: int, by_epochs: bool, stopped: Path, tmp_path: Path
) -> None:
    end = solved_at(stopped) + (good - 1) * EPOCH
    limit = f"trainer.max_epochs={end // EPOCH}" if by_epochs else f"trainer.max_steps={end}"
    ended = one(tmp_path / "run", *EASY, STOP, limit)
    assert (ended["steps"], ended["solved"]["at"]) == (end, None)
    one(tmp_path / "run", *EASY, STOP, "resume=true")
    same(tmp_path / "run", stopped)


def test_the_last_of_three_may_be_at_the_very_end(stopped: Path, tmp_path: Path) -> None:
    at = solved_at(stopped)
    ended = one(tmp_path / "run", *EASY, f"trainer.max_epochs={at // EPOCH + 2}")
    assert ended["solved"]["at"] == at


@pytest.mark.long
def test_two_ranks_stop_together(tmp_path: Path) -> None:
    alone = one(tmp_path / "one", *EASY, STOP, "trainer.precision=64")
    both = one(tmp_path / "two", *EASY, STOP, "trainer.precision=64", "trainer=ddp_cpu", *TRAINER)
    assert alone["solved"]["at"] is not None
    assert (both["state"], both["steps"], both["solved"]) == ("completed", alone["steps"], alone["solved"])


def test_a_task_that_cannot_be_solved_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"trainer.stop_when_solved=true: task=chars has no score that counts as solved"
    ):
        one(tmp_path / "run", "task=chars", "task.length=5", "task.samples=null", STOP)


def test_the_fingerprint_is_that_of_before_until_the_key_is_set() -> None:
    values = plain(compose([*EASY, "task=adding"]))
    older = {**values, "trainer": {k: v for k, v in values["trainer"].items() if k != "stop_when_solved"}}
    assert fingerprint(values) == fingerprint(older)
    assert fingerprint(plain(compose([*EASY, "task=adding", STOP]))) != fingerprint(values)
