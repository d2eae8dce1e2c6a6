"""The two ways in which a user ends the program: by asking for what cannot be, and by a signal."""

import signal


class UserError(Exception):
    """What a user asked for and cannot have. The message is one line: what was wrong, where, what is allowed.

    key: the dotted key of the configuration whose value is not allowed; "" if it is not about one.
    """

    def __init__(self, message: str, key: str = "") -> None:
        super().__init__(message)
        self.key = key


class Interrupted(BaseException):
    """SIGINT or SIGTERM. A BaseException, for no library's `except Exception` may swallow it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number

    @property
    def exit_code(self) -> int:
        return 128 + self.number
