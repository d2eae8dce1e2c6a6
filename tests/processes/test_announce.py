"""What a command does before its first line of output: in a terminal alone."""

import io
import sys

import pytest

from unrolled.processes.logs import announce


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "text"), [(Screen(), "loading torch ...\n"), (io.StringIO(), "")])
def test_a_terminal_gets_a_line_and_a_pipe_nothing(
    stream: io.StringIO, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    announce("loading torch")
    assert stream.getvalue() == text


def test_a_closed_standard_error_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    announce("loading torch")
