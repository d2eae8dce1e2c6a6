"""Handling of the signals that ask a process to end: raised at once, deferred to the end of a step, or only noted.

One request is enough: what comes after the first signal changes nothing.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, NoReturn

from unrolled.errors import Interrupted

# A closed terminal sends SIGHUP, a limit on processor time SIGXCPU; some sites announce a preemption by SIGUSR1.
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGXCPU, signal.SIGUSR1)
ALWAYS = (signal.SIGINT, signal.SIGTERM)  # the others stay ignored if they are, as `nohup` has it
LONGEST_S = 5.0  # for which a signal waits for the end of a step
AGAIN_S = 2.0  # a second signal within this time is the same request: terminal and launcher both send one


class _Request:
    """The request of this process to end.

    number: its signal, None: none yet.
    raised: whether Interrupted has been raised for it.
    shields: number of open `shielded` blocks.
    heard: returns the signal to act upon, None: another process has been asked instead.
    """

    number: int | None = None
    raised = False
    shields = 0
    heard: Callable[[int], int | None] = staticmethod(lambda number: number)


def raise_on_signals(heard: Callable[[int], int | None] | None = None) -> None:
    """Makes each of ENDING raise Interrupted, once: a second one would disturb the cleanup.

    An exception that is lost, as in a destructor or a library's bare `except`, is raised again until `caught`.

    heard: returns the signal to act upon, None: another process has been asked instead.
    """
    _Request.number, _Request.raised, _Request.shields = None, False, 0
    if heard is not None:
        _Request.heard = staticmethod(heard)  # type: ignore[assignment]
    signal.signal(signal.SIGALRM, _remind)
    for each in _ours():
        signal.signal(each, _stop)


def end_silently() -> None:
    """Makes Ctrl-C end the process without a traceback, while modules load that nothing depends on yet."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def end_at_once() -> None:
    """Makes each of ENDING end the process with its exit code, because nothing is left that it could lose."""
    caught()
    for each in _ours():
        signal.signal(each, lambda number, _: os._exit(128 + number))


def _ours() -> list[signal.Signals]:
    """Returns the signals that may be handled: others' handlers (submitit's) and ignored signals stay."""
    return [each for each in ENDING if each in ALWAYS or _free(signal.getsignal(each))]


def _free(handler: Any) -> bool:
    return handler == signal.SIG_DFL or getattr(handler, "__module__", None) == __name__


def _stop(number: int, _frame: object) -> None:
    if _Request.number is None:
        _Request.number = _Request.heard(number)
        raise_noted()


def _remind(*_: object) -> None:
    if _Request.raised and not _Request.shields:
        _raise()


def raise_noted() -> None:
    """Raises Interrupted if a signal has come that has not been raised yet, outside of `shielded` blocks."""
    if _Request.number is not None and not _Request.raised and not _Request.shields:
        _raise()


def _raise() -> NoReturn:
    assert _Request.number is not None
    _Request.raised = True
    _repeat()
    raise Interrupted(_Request.number)


def _repeat() -> None:
    if signal.getsignal(signal.SIGALRM) == _remind:
        signal.setitimer(signal.ITIMER_REAL, AGAIN_S)


def caught() -> None:
    """Ends the repetition of Interrupted. Whoever catches it calls this first."""
    if threading.current_thread() is threading.main_thread():
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextlib.contextmanager
def shielded() -> Iterator[None]:
    """A block that no signal interrupts, such as the writing of a record; one that has come is raised at its end."""
    _Request.shields += 1
    try:
        yield
    finally:
        _Request.shields -= 1
    raise_noted()


@contextlib.contextmanager
def exposed() -> Iterator[None]:
    """A part of a `shielded` block that signals interrupt all the same."""
    shields, _Request.shields = _Request.shields, 0
    try:
        with interruption_first():
            raise_noted()
            yield
    finally:
        _Request.shields = shields


@contextlib.contextmanager
def interruption_first() -> Iterator[None]:
    """A block in which an error that comes after Interrupted has been raised within it is Interrupted again.

    A library that is interrupted anywhere may end with an error of its own, such as a KeyError in its cleanup. That is
    no failure of the run.
    """
    before = _Request.raised
    try:
        yield
    except Exception as error:
        if _Request.raised and not before and _Request.number is not None:
            raise Interrupted(_Request.number) from error
        raise


@contextlib.contextmanager
def blocked() -> Iterator[None]:
    """A `shielded` block, in which the processes that are started have ENDING blocked too."""
    with shielded():
        before = signal.pthread_sigmask(
            signal.SIG_BLOCK, ENDING
        )  # of this thread alone: others of the process get them
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def postponed(number: int) -> Iterator[None]:
    """A block at whose end the handler of a signal is called, instead of within it."""
    came: list[int] = []
    handler = signal.getsignal(number)
    if not _in_main_thread() or not callable(handler):
        yield
        return
    signal.signal(number, lambda *_: came.append(number))
    try:
        yield
    finally:
        signal.signal(number, handler)
        if came:
            signal.raise_signal(number)


def _request(number: int) -> None:
    """Notes that Interrupted is raised: signals do nothing any more."""
    _Request.number, _Request.raised = number, True
    for each in _ours():
        signal.signal(each, _stop)


class Deferred:
    """A context that, from `listen` on, defers ENDING until `stop` is called.

    A signal that waits longer than LONGEST_S, or a second one after AGAIN_S, raises Interrupted at once, or at the end
    of a `protected` block. Signals that were ignored before stay ignored.
    received: the first signal, None: none yet.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._came_at = 0.0
        self._protected, self._overdue = False, False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Deferred":
        self._before = {each: signal.getsignal(each) for each in (*ENDING, signal.SIGALRM)}
        return self

    def listen(self) -> None:
        if _in_main_thread():  # Python lets no other thread set handlers
            signal.signal(signal.SIGALRM, self._wait_no_longer)
            for each in _ours():
                if self._before.get(each) != signal.SIG_IGN:
                    signal.signal(each, self._note)

    def _note(self, number: int, _frame: object) -> None:
        now, heard = time.monotonic(), _Request.heard(number)
        if heard is None:
            return
        if self.received is None:
            self.received, self._came_at = heard, now
            signal.setitimer(signal.ITIMER_REAL, LONGEST_S)
        elif now - self._came_at > AGAIN_S:
            self._wait_no_longer()

    def _wait_no_longer(self, *_: object) -> None:
        self._overdue = True
        if not self._protected:
            self.stop()

    @contextlib.contextmanager
    def protected(self) -> Iterator[None]:
        """Protects a block from signals, such as the saving of a checkpoint."""
        self._protected = True
        try:
            yield
        finally:
            self._protected = False
        if self._overdue:
            self.stop()

    def stop(self) -> NoReturn:
        """Raises Interrupted, with SIGTERM if only another process of the run has received a signal."""
        number = self.received or signal.SIGTERM
        if not _in_main_thread():
            raise Interrupted(number)
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._restore()
        _request(number)
        _raise()

    def _restore(self) -> None:
        for each, handler in self._before.items():
            if handler is not None:  # one that Python has not set
                signal.signal(each, handler)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if _in_main_thread():
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._restore()
            if isinstance(error, Interrupted):
                _request(error.number)
                _repeat()
        if self.received is not None and error is None:
            self.stop()


class Noted:
    """A context that only notes ENDING, for a parent that must end its children in order.

    received: the first signal, None: none yet. After one, signals do nothing any more when the context ends, because
    the caller is about to end the process.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Noted":
        if _in_main_thread():
            self._before = {each: signal.signal(each, self._note) for each in _ours()}
        return self

    def _note(self, number: int, _frame: object) -> None:
        self.received = self.received or number

    def __exit__(self, *_: object) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)
        if self.received is not None and self._before:
            _request(self.received)  # which the caller raises


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
