"""The two ways in which a user ends the program: by asking for what cannot be, and by a signal."""

import signal
import threading
from types import TracebackType
from typing import Any, NoReturn

ENDING = (signal.SIGINT, signal.SIGTERM)
LONGEST_S = 5.0  # that a signal waits for the end of a step


class UserError(Exception):
    """What a user asked for and cannot have. The message is one line: what was wrong, where, what is allowed."""


class Interrupted(BaseException):
    """SIGINT or SIGTERM. A BaseException, for no library's `except Exception` may swallow it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number

    @property
    def exit_code(self) -> int:
        return 128 + self.number


def raise_on_signals() -> None:
    """From here on SIGINT and SIGTERM raise Interrupted, once: a second one would break the tidying up."""
    for each in ENDING:
        signal.signal(each, _stop)


def _stop(number: int, _frame: object) -> NoReturn:
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)


class Deferred:
    """A context in which, from `listen` on, SIGINT and SIGTERM wait for a call of `stop`.

    One that waits longer than LONGEST_S, and a second one, raise Interrupted where they come. received: the first.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Deferred":
        self._before = {each: signal.getsignal(each) for each in (*ENDING, signal.SIGALRM)}
        return self

    def listen(self) -> None:
        if threading.current_thread() is threading.main_thread():  # no other may set handlers
            for each in ENDING:
                signal.signal(each, self._note)

    def _note(self, number: int, _frame: object) -> None:
        if self.received is not None:
            self.stop()
        self.received = number
        signal.signal(signal.SIGALRM, lambda *_: self.stop())
        signal.setitimer(signal.ITIMER_REAL, LONGEST_S)

    def stop(self) -> NoReturn:
        """Raises Interrupted. Where no signal has come, another process of the same run has got one."""
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
