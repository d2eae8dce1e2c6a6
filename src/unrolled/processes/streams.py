"""Standard input, output and error of a command, whose loss ends no run: what cannot be written is dropped."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

NAMES = ("stdin", "stdout", "stderr")


@contextmanager
def surviving() -> Iterator[None]:
    """Replaces `sys.stdout` and `sys.stderr` within the block by streams that drop what they cannot write.

    A reader that has gone, a full disk or a closed descriptor make a stream end in the null device, for the processes
    that are started later too.
    """
    before = {name: getattr(sys, name) for name in NAMES}
    _open_closed()
    for name in NAMES[1:]:
        setattr(sys, name, _Dropping(getattr(sys, name)))
    try:
        yield
    finally:
        for name, stream in before.items():
            getattr(sys, name).flush() if name != "stdin" else None
            if stream is not None:
                setattr(sys, name, stream)


def _open_closed() -> None:
    """Opens the null device where a standard descriptor is closed, which the next opened file would get otherwise."""
    for number, name in enumerate(NAMES):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(null := os.open(os.devnull, os.O_RDWR), number)
            if null != number:
                os.close(null)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))


class _Dropping:
    """A stream whose `write` and `flush` never raise OSError; all else is the stream's own."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        try:
            return self.stream.write(text)
        except OSError:
            self._drop()
        except UnicodeEncodeError:
            known = self.stream.encoding
            return self.stream.write(text.encode(known, "replace").decode(known))
        return len(text)

    def flush(self) -> None:
        try:
            self.stream.flush()
        except OSError:
            self._drop()

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def _drop(self) -> None:
        with suppress(OSError, ValueError):  # a stream without a descriptor has nothing to replace
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.stream.fileno())
            os.close(null)
            self.stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)
