"""Messages: as a terminal has them or with time and level, to the streams as they are at that moment."""

import contextlib
import io
import logging
import multiprocessing
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from unrolled.processes import logs
from unrolled.processes.logs import log, set_up

STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    handlers, forms = log.handlers[:], [each.formatter for each in (logs._NOTES, logs._WARNINGS)]
    log.handlers.clear()
    yield
    log.handlers[:] = handlers
    for each, form in zip((logs._NOTES, logs._WARNINGS), forms, strict=True):
        each.setFormatter(form)


def test_notes_are_output_and_the_rest_is_for_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    set_up()
    log.info("note: 100 % of it")
    log.warning("odd")
    log.error("wrong")
    assert capsys.readouterr() == ("note: 100 % of it\n", "unrolled: odd\nunrolled: wrong\n")


def test_a_stream_that_is_redirected_later_has_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        log.info("here")
        log.warning("there")
    assert (out.getvalue(), err.getvalue()) == ("here\n", "unrolled: there\n")
    assert capsys.readouterr() == ("", "")


def test_a_log_has_time_and_level_also_in_what_is_forked(capfd: pytest.CaptureFixture[str]) -> None:
    set_up(stamped=True)
    set_up()  # a run's own does not take the stamps away
    process = multiprocessing.get_context("fork").Process(target=_warn)
    process.start()
    process.join()
    log.info("here")
    out, err = capfd.readouterr()
    assert re.fullmatch(rf"{STAMP} INFO here\n", out)
    assert re.fullmatch(rf"{STAMP} WARNING there\n", err)


def _warn() -> None:
    set_up()
    log.warning("there")


def test_loggers_of_others_are_left_alone() -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    set_up()
    assert (root.handlers, root.level) == (before, level)


def test_a_logger_that_hydra_has_disabled_speaks_again(capsys: pytest.CaptureFixture[str]) -> None:
    log.disabled = True
    set_up()
    log.info("here")
    assert capsys.readouterr().out == "here\n"


def test_a_reader_that_has_gone_ends_nothing_and_a_wrong_message_is_an_error() -> None:
    set_up()
    with Path("/dev/full").open("w", encoding="utf-8") as full, contextlib.redirect_stdout(full):
        log.info("no room")
        with contextlib.suppress(OSError):
            full.close()
    with pytest.raises(TypeError):
        log.info("%d", "no number")
