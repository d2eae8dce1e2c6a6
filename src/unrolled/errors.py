"""Exceptions for invalid user input and for termination by a signal."""

import errno
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


_PATHS = {
    errno.EEXIST: "a file is there, where a folder is wanted",
    errno.ENOTDIR: "a file is where a folder is wanted",
    errno.EISDIR: "a folder is there, where a file is wanted",
    errno.ENOTEMPTY: "a folder that is not empty is there",
    errno.ENOENT: "no such file or folder",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EROFS: "it is on a disk that cannot be written",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "a link that leads to itself",
}


def wrong_path(error: OSError) -> str | None:
    """Returns one line on a file or folder that cannot be used as the user wants; None if something else is wrong."""
    if error.errno not in _PATHS or error.filename is None:
        return None
    return f"{error.filename2 or error.filename}: {_PATHS[error.errno]}"
