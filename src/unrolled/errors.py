"""The two ways in which a user ends the program: by asking for what cannot be, and by a signal."""

import signal


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

    def stop(number: int, _frame: object) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(number)

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, stop)
