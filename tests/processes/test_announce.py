"""What a command does before its first line of output: in a terminal alone."""

import io
import sys

import pytest

from unrolled.processes import logs
from unrolled.processes.logs import announce, working


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


def test_in_a_terminal_a_line_shows_what_is_done_and_for_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Screen()
    monkeypatch.setattr("sys.stderr", stream)
    with working("loading the data"):
        announce("reading prices.csv")
        with working("reading another"):  # the line that is there shows it
            pass
    text = stream.getvalue()
    assert "loading the data ..." in text and "reading prices.csv ..." in text and "reading another ..." in text
    assert "0:00:0" in text and logs._SHOWN == []


def test_in_a_pipe_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    with working("loading the data"):
        announce("reading prices.csv")
    assert stream.getvalue() == ""


def test_after_an_error_no_line_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", Screen())
    with pytest.raises(ValueError, match="broken"), working("loading the data"):
        raise ValueError("broken")
    assert logs._SHOWN == []
