"""Progress of a sweep, in a pipe and in a terminal."""

import errno
from pathlib import Path

import pytest
from rich.console import Console

from unrolled.processes.logs import log, set_up
from unrolled.record import ends, status
from unrolled.record.plan import Planned, write_plan
from unrolled.record.tables import Table
from unrolled.sweeps.progress import SweepProgress, latest


@pytest.fixture
def sweep(tmp_path: Path) -> list[Path]:
    folders = [tmp_path / str(number) for number in range(3)]
    write_plan(tmp_path, [Planned(number, {"seed": number}, str(number)) for number in range(3)])
    for folder in folders:
        folder.mkdir()
        status.write(folder, {"state": "running"})
    return folders


def test_the_newest_slope_is_that_of_the_last_row_that_has_one(tmp_path: Path) -> None:
    assert latest(tmp_path) == ("", "")
    table = Table(tmp_path / "metrics.csv", ["step", "loss", "grad_h/slope"])
    assert latest(tmp_path) == ("", "")
    table.write({"step": 0, "loss": 1.5, "grad_h/slope": -0.25})
    for step in range(1, 3000):
        table.write({"step": step, "loss": 1.5, "grad_h/slope": -0.5 if step == 2900 else None})
    assert latest(tmp_path) == ("2999", "-0.500")


def test_a_pipe_gets_a_line_whenever_runs_have_ended(sweep: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    with SweepProgress(sweep) as progress:
        progress.update()
        status.write(sweep[1], {"state": "completed", "slope": -0.5})
        progress._look()
        status.write(sweep[0], {"state": "failed", "error": "why"})
        status.write(sweep[2], {"state": "diverged", "slope": None})
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("1/3 runs ended: 1 completed, 2 running; about ")
    assert first.endswith("min left; seed=1 slope -0.500")
    assert second == "3/3 runs ended: 1 completed, 1 diverged, 1 failed; seed=0, seed=2"


def test_a_terminal_shows_the_active_runs(sweep: list[Path]) -> None:
    Table(sweep[2] / "metrics.csv", ["step", "grad_h/slope"]).write({"step": 40, "grad_h/slope": 0.125})
    progress = SweepProgress(sweep)
    progress.update()
    console = Console(width=100, record=True)
    console.print(progress._picture())
    shown = console.export_text()
    assert "0/3" in shown and "seed=0" in shown
    (row,) = [line for line in shown.splitlines() if "seed=2" in line]
    assert row.split() == ["seed=2", "40", "+0.125"]


def test_a_run_that_is_queued_again_can_fail_later(sweep: list[Path]) -> None:
    with SweepProgress(sweep) as progress:
        for state, ended in (
            ("interrupted", "interrupted"),
            ("running", None),
            ("failed", "failed"),
            ("running", None),
        ):
            status.write(sweep[0], {"state": state, "error": None})
            progress._look()
            assert progress.ended.get(sweep[0]) == ended
        status.write(sweep[0], {"state": "completed", "slope": -0.5})
    assert progress.ended == {sweep[0]: "completed"}


def test_ends_of_before_a_resume_are_not_counted(sweep: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    for folder, state in zip(sweep, ("completed", "interrupted", "failed"), strict=True):
        status.write(folder, {"state": state, "slope": -0.5, "error": None, "ended": "before"})
    with SweepProgress(sweep) as progress:
        progress._look()
        status.write(sweep[1], {"state": "completed", "slope": -0.25})
        progress._look()
        status.write(sweep[2], {"state": "failed", "error": None, "ended": "now"})
    first, second, third = capsys.readouterr().out.splitlines()
    assert first.startswith("1/3 runs ended: 1 completed;")
    assert second.startswith("2/3 runs ended: 2 completed;")
    assert third.startswith("3/3 runs ended: 2 completed, 1 failed;")


def test_a_record_that_cannot_be_read_ends_no_launcher(
    sweep: list[Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stale(folder: Path):
        if folder == sweep[0]:
            raise OSError(errno.ESTALE, "Stale file handle")
        return read(folder)

    read = ends.read
    monkeypatch.setattr(ends, "read", stale)
    monkeypatch.setattr(log, "propagate", True)
    status.write(sweep[1], {"state": "completed", "slope": -0.5})
    with SweepProgress(sweep) as progress:
        progress.update()
    assert progress.ended == {sweep[1]: "completed"}
    assert "run 0: its record cannot be read or written: [Errno 116] Stale file handle" in caplog.text
