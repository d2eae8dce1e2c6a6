"""However often and in whatever order signals come, what they make a process save is saved."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest
import pytorch_lightning as pl

import unrolled.processes.signals as waiting
from conftest import ROOT, some
from unrolled.errors import Interrupted
from unrolled.processes.signals import (
    ENDING,
    Deferred,
    Noted,
    blocked,
    caught,
    exposed,
    interruption_first,
    postponed,
    raise_on_signals,
    shielded,
)
from unrolled.run.fit import Trainer
from unrolled.training.checkpoints import Checkpoints

INT, TERM, HUP, XCPU, USR1 = ENDING
OTHERS = [HUP, XCPU, USR1]


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {each: signal.getsignal(each) for each in (*ENDING, signal.SIGALRM)}
    raise_on_signals()
    yield
    caught()
    for each, handler in before.items():
        signal.signal(each, handler)


def send(*numbers: int) -> None:
    for number in numbers:
        signal.raise_signal(number)


def saves(folder: Path, signals: Deferred, meanwhile: Callable[[], None]) -> None:
    """What happens between two steps after a signal; `meanwhile` is called in the middle of the saving."""
    trainer = Mock(is_last_batch=False, world_size=1, global_step=1, max_steps=9, is_global_zero=True)

    def save(file: Path) -> None:
        file.write_text("half")
        meanwhile()
        file.write_text("whole")

    trainer.save_checkpoint = save
    Checkpoints(folder, Mock(), 1000, signals).on_train_batch_end(trainer, Mock(), None, None, 0)


SEQUENCES = [
    (INT,),
    (TERM,),
    (INT, TERM),
    (TERM, INT),
    (INT, INT),
    (TERM, TERM),
    (INT, TERM, INT, INT, TERM),
    (HUP, HUP),
    (HUP, TERM),
    (USR1, XCPU),
]


@pytest.mark.parametrize("in_step", SEQUENCES)
@pytest.mark.parametrize("in_saving", some([((),), *((each,) for each in SEQUENCES)], 4))
@pytest.mark.parametrize("apart_s", [0.0, 3.0])
def test_what_is_saved_is_whole(
    in_step: tuple[int, ...], in_saving: tuple[int, ...], apart_s: float, tmp_path: Path, monkeypatch
) -> None:
    """apart_s: between the signals of the step and those that come in the middle of the saving."""
    clock = [0.0]
    monkeypatch.setattr(waiting.time, "monotonic", lambda: clock[0])

    def meanwhile() -> None:
        clock[0] += apart_s
        send(*in_saving)

    with pytest.raises(Interrupted) as stop, Deferred() as signals:
        signals.listen()
        send(*in_step)
        saves(tmp_path, signals, meanwhile)
    assert stop.value.number == in_step[0]
    assert (tmp_path / "last.ckpt").read_text() == "whole"
    send(INT, TERM)  # they do not disturb what follows


def test_a_saving_that_takes_longer_than_a_signal_waits_is_whole(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(waiting, "LONGEST_S", 0.05)
    with pytest.raises(Interrupted), Deferred() as signals:
        signals.listen()
        send(INT)
        saves(tmp_path, signals, lambda: time.sleep(0.2))
    assert (tmp_path / "last.ckpt").read_text() == "whole"


@pytest.mark.parametrize("again", [INT, TERM])
def test_a_second_wish_ends_a_step_that_does_not_end(again: int, monkeypatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(waiting.time, "monotonic", lambda: clock[0])
    with pytest.raises(Interrupted), Deferred() as signals:
        signals.listen()
        send(INT)
        clock[0] = waiting.AGAIN_S + 0.1
        send(again)
        pytest.fail("the step goes on")


def test_a_signal_that_was_ignored_stays_ignored() -> None:
    signal.signal(INT, signal.SIG_IGN)
    with Deferred() as signals:
        signals.listen()
        send(INT)
        assert signals.received is None


@pytest.mark.parametrize("sent", SEQUENCES)
def test_noted_signals_interrupt_nothing(sent: tuple[int, ...]) -> None:
    with Noted() as signals:
        send(*sent)
    assert signals.received == sent[0]
    send(INT, TERM)


@pytest.mark.parametrize("number", ENDING)
def test_each_is_a_request_to_end(number: int) -> None:
    with pytest.raises(Interrupted) as stop:
        send(number)
    assert stop.value.number == number
    send(*ENDING)  # they do not disturb what follows


@pytest.mark.parametrize("number", OTHERS)
@pytest.mark.parametrize("theirs", [signal.SIG_IGN, lambda *_: None])
def test_an_ignored_signal_and_one_with_a_handler_of_others_stay_theirs(number: int, theirs) -> None:
    """`nohup` ignores SIGHUP; submitit handles the signal that announces a preemption."""
    signal.signal(number, theirs)
    raise_on_signals()
    with Noted(), Deferred() as signals:
        signals.listen()
        send(number)
    assert (signals.received, signal.getsignal(number)) == (None, theirs)


def test_a_shielded_block_ends_before_the_signal_is_raised() -> None:
    done = []
    with pytest.raises(Interrupted) as stop, shielded():
        with contextlib.suppress(Interrupted), exposed():
            done.append("before")
        send(HUP, INT)
        done.append("after")
    assert (done, stop.value.number) == (["before", "after"], HUP)


def test_a_part_of_a_shielded_block_can_be_interrupted() -> None:
    done = []
    with pytest.raises(Interrupted), shielded():
        try:
            with exposed():
                send(TERM)
                pytest.fail("it goes on")
        finally:
            send(INT)
            done.append("recorded")
    assert done == ["recorded"]


def test_a_signal_that_came_before_an_exposed_part_is_raised_at_its_beginning() -> None:
    with pytest.raises(Interrupted), shielded():
        send(TERM)
        with exposed():
            pytest.fail("it is begun")


def test_the_failure_of_a_shielded_block_is_not_replaced_by_the_signal() -> None:
    with pytest.raises(ZeroDivisionError), shielded():
        send(TERM)
        raise ZeroDivisionError


def test_an_interruption_that_a_library_swallows_comes_again(monkeypatch) -> None:
    monkeypatch.setattr(waiting, "AGAIN_S", 0.05)
    with pytest.raises(Interrupted):
        with contextlib.suppress(BaseException):
            send(INT)
        signal.pause()
    caught()
    time.sleep(0.1)  # it does not, once it is caught


@pytest.mark.parametrize("block", [exposed, interruption_first])
def test_an_error_that_follows_an_interruption_is_the_interruption(block) -> None:
    with pytest.raises(Interrupted) as stop, shielded(), block(), exposed():
        try:
            send(TERM)
        finally:
            raise KeyError(18)  # in the cleanup of a library
    assert stop.value.number == TERM


@pytest.mark.parametrize("block", [exposed, interruption_first])
def test_an_error_of_its_own_stays_one(block) -> None:
    with pytest.raises(KeyError), shielded(), block():
        raise KeyError(18)


def test_a_blocked_signal_comes_at_the_end_of_the_block() -> None:
    done = []
    with pytest.raises(Interrupted), blocked():
        send(USR1)
        done.append("whole")
    assert done == ["whole"]


def test_a_postponed_signal_finds_its_handler_at_the_end_of_the_block() -> None:
    done: list[str] = []
    signal.signal(USR1, lambda *_: done.append("handled"))
    with postponed(USR1):
        send(USR1)
        done.append("whole")
    assert done == ["whole", "handled"]


@pytest.mark.filterwarnings("ignore:The `srun` command")
def test_lightning_handles_no_signal(tmp_path: Path) -> None:
    before = {each: signal.getsignal(each) for each in ENDING}
    arguments = {"default_root_dir": tmp_path, "accelerator": "cpu", "logger": False, "enable_checkpointing": False}
    connector = vars(Trainer(**arguments))["_signal_connector"]
    theirs = vars(pl.Trainer(**arguments))["_signal_connector"]  # type: ignore[arg-type]
    assert {name for name in dir(theirs) if not name.startswith("_")} - {"trainer"} == {
        name for name in dir(connector) if not name.startswith("_")
    }
    connector.register_signal_handlers()
    assert before == {each: signal.getsignal(each) for each in ENDING}


@pytest.mark.parametrize("library", ["hydra", "click"])
@pytest.mark.parametrize("number", [INT, TERM, HUP])
def test_a_signal_while_modules_load_ends_a_command_without_a_traceback(
    library: str, number: int, tmp_path: Path
) -> None:
    (tmp_path / f"{library}.py").write_text(f"import os; os.kill(os.getpid(), {int(number)}); os._exit(0)")
    code = ["-c", "from unrolled.cli import console; console()", "show", "."]
    command = [sys.executable, *(["src/train.py"] if library == "hydra" else code)]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-number, "", "")
