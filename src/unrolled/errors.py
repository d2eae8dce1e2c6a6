"""Exceptions for invalid user input and for termination by a signal."""

import signal


class UserError(Exception):
    """Invalid user input. The message is one line: what is wrong, where, and what is allowed.

    key: the dotted key of the configuration whose value is not allowed; "" if it is not about one.
    """

    def __init__(self, message: str, key: str = "") -> None:
        super().__init__(message)
        self.key = key


class Interrupted(BaseException):
    """Termination by SIGINT or SIGTERM. It is a BaseException so that no library's `except Exception` swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number

    @property
    def exit_code(self) -> int:
        """Exit code of the process by the convention of shells: 128 + the signal's number."""
        return 128 + self.number


def in_words(error: BaseException) -> str:
    """Returns an error in one line: a user's mistake as it is, another with its type and the first line of its text."""
    text = (str(error).splitlines() or [""])[0]
    return text if isinstance(error, UserError) else f"{type(error).__name__}: {text}"
