"""Handling of SIGINT and SIGTERM: raised at once, deferred to the end of a step, or only noted."""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, NoReturn

from unrolled.errors import Interrupted

ENDING = (signal.SIGINT, signal.SIGTERM)
LONGEST_S = 5.0  # for which a signal waits for the end of a step
AGAIN_S = 2.0  # a second signal within this time is the same request: terminal and launcher both send one


def raise_on_signals() -> None:
    """Makes SIGINT and SIGTERM raise Interrupted, once: a second one would disturb the cleanup."""
    for each in ENDING:
        signal.signal(each, _stop)


def _stop(number: int, _frame: object) -> NoReturn:
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)


class Deferred:
    """A context that, from `listen` on, defers SIGINT and SIGTERM until `stop` is called.

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
        if threading.current_thread() is threading.main_thread():  # Python lets no other thread set handlers
            for each in ENDING:
                ignored = self._before.get(each) == signal.SIG_IGN
                signal.signal(each, signal.SIG_IGN if ignored else self._note)

    def _note(self, number: int, _frame: object) -> None:
        now = time.monotonic()
        if self.received is None:
            self.received, self._came_at = number, now
            signal.signal(signal.SIGALRM, lambda *_: self._wait_no_longer())
            signal.setitimer(signal.ITIMER_REAL, LONGEST_S)
        elif now - self._came_at > AGAIN_S:
            self._wait_no_longer()

    def _wait_no_longer(self) -> None:
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
        signal.setitimer(signal.ITIMER_REAL, 0)
        for each in ENDING:
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(self.received or signal.SIGTERM)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        signal.setitimer(signal.ITIMER_REAL, 0)
        for each, handler in self._before.items():
            signal.signal(each, signal.SIG_IGN if isinstance(error, Interrupted) and each in ENDING else handler)
        if self.received is not None and error is None:
            self.stop()


class Noted:
    """A context that only notes SIGINT and SIGTERM, for a parent that must end its children in order.

    received: the first signal, None: none yet. After one, both signals are ignored when the context ends, because the
    caller is about to end the process.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Noted":
        if threading.current_thread() is threading.main_thread():
            self._before = {each: signal.signal(each, self._note) for each in ENDING}
        return self

    def _note(self, number: int, _frame: object) -> None:
        self.received = self.received or number

    def __exit__(self, *_: object) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler if self.received is None else signal.SIG_IGN)
