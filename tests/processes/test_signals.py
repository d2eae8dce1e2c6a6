"""However often and in whatever order SIGINT and SIGTERM come, what they make a process save is saved."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

import unrolled.processes.signals as waiting
from unrolled.errors import Interrupted
from unrolled.processes.signals import Deferred, Noted, raise_on_signals
from unrolled.training.checkpoints import Checkpoints

INT, TERM = signal.SIGINT, signal.SIGTERM


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {each: signal.getsignal(each) for each in (INT, TERM, signal.SIGALRM)}
    raise_on_signals()
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


def send(*numbers: int) -> None:
    for number in numbers:
        os.kill(os.getpid(), number)


def saves(folder: Path, signals: Deferred, meanwhile: Callable[[], None]) -> None:
    """What happens between two steps after a signal; `meanwhile` is called in the middle of the saving."""
    trainer = Mock(is_last_batch=False, world_size=1, global_step=1, max_steps=9, is_global_zero=True)

    def save(file: Path) -> None:
        file.write_text("half")
        meanwhile()
        file.write_text("whole")

    trainer.save_checkpoint = save
    Checkpoints(folder, Mock(), 1000, signals).on_train_batch_end(trainer, Mock(), None, None, 0)


SEQUENCES = [(INT,), (TERM,), (INT, TERM), (TERM, INT), (INT, INT), (TERM, TERM), (INT, TERM, INT, INT, TERM)]


@pytest.mark.parametrize("in_step", SEQUENCES)
@pytest.mark.parametrize("in_saving", [(), *SEQUENCES])
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
