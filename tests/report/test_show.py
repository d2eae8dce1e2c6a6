"""A run and a sweep in a few lines of text."""

import math
from pathlib import Path

import pytest
from test_page import births, make_sweep

from conftest import Run
from unrolled.errors import UserError
from unrolled.record import status
from unrolled.record.tables import read_rows
from unrolled.report.show import profile, show, sparkline


def test_a_sparkline_falls_where_the_gradient_vanishes() -> None:
    assert sparkline([0, -1, -2, -3, -4, -5, -6, -7], -7, 0) == "█▇▆▅▄▃▂▁"
    assert sparkline([1.0] * 5, 1, 1) == "▅" * 5
    assert sparkline([], 0, 0) == ""
    assert len(sparkline(range(1000), 0, 999)) == 40
    assert sparkline([-99, 99], -1, 1) == "▁█"


def test_a_run_is_shown_with_its_profile_and_its_score(quick_run: Run, tmp_path: Path, capsys) -> None:
    status = quick_run("activation=identity", "init.gain=0.5")
    capsys.readouterr()
    show(tmp_path / "run")
    printed = capsys.readouterr().out
    curve = profile(tmp_path / "run")
    assert curve[0] == 0 and len(curve) == status["longest_lag"] + 1
    assert f"chain     {sparkline(curve[::-1], min(curve), max(curve))}\n" in printed
    T = len(read_rows(tmp_path / "run" / "profiles" / "grad_h_relative_log.csv")[-1]) - 1
    assert f"time step {T - len(curve) + 1} to {T}, the loss reads the last: 10^" in printed
    assert " to 10^0.0\n" in printed  # at the right, where the loss reads the state
    assert f"val/accuracy {status['metrics']['val/accuracy']:.3f} (most frequent class: " in printed
    assert status["regime_reason"] in printed


def test_a_sweep_has_a_line_for_each_run_whatever_its_state(tmp_path: Path, capsys) -> None:
    done = {"state": "completed", "births": births([-1.0], vanishing=1), "slope": -0.5, "regime": "vanishing"}
    done |= {"horizon": 9, "horizon_direction": "down", "score": "val/a", "metrics": {"val/a": 0.5}}
    done |= {"baseline": {"val/a": 0.25}, "baseline_name": "any class"}
    folder = make_sweep(tmp_path / "s", {"init.gain": "1.0,2.0,3.0"}, [done, {"state": "failed", "error": "no"}])
    (folder / "0" / "profiles").mkdir()
    row = ",".join(str(-math.log(10) * k) for k in (2, 1, 0))
    (folder / "0" / "profiles" / "grad_h_relative_log.csv").write_text(f"step,t0,t1,t2\n5,{row}\n")
    show(folder)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "baseline  val/a: any class 0.250"
    assert "time runs left to right, the read-out is on the right, and the lag counts back" in lines[2]
    assert lines[3].split() == ["run", "profile", "decades", "slope", "regime", "horizon", "score"]
    words = ["gain=1.0", "▁▅█", "-2.0", "to", "0.0", "-0.50", "vanishing", "9", "down", "0.500"]
    assert lines[4].split() == words
    assert [line.split()[3] for line in lines[5:]] == ["failed", "missing"]


def test_a_sweep_fits_100_columns_and_each_profile_has_its_own_scale(tmp_path: Path, capsys) -> None:
    done = {"state": "completed", "slope": -0.5, "regime": "vanishing", "horizon": 9, "horizon_direction": "down"}
    done |= {"score": "val/accuracy", "metrics": {"val/accuracy": 0.5}, "baseline": {"val/accuracy": 0.25}}
    axes = {"activation": "identity", "model.hidden": "64", "init.gain": "0.5,1.5", "seed": "0,1"}
    folder = make_sweep(tmp_path / "s", axes, [done] * 4, question="Which vanishes, and why? " * 3)
    for i in range(4):
        (folder / str(i) / "profiles").mkdir()
        row = ",".join(str(math.log(10) * (t - 29) * 0.01 * 10**i) for t in range(30))
        names = ",".join(f"t{t}" for t in range(30))
        (folder / str(i) / "profiles" / "grad_h_relative_log.csv").write_text(f"step,{names}\n5,{row}\n")
    show(folder)
    lines = capsys.readouterr().out.splitlines()
    table = lines[[line.split()[:2] for line in lines].index(["run", "profile"]) :]
    assert max(map(len, table)) <= 100 and len(table) == 5
    assert len({line.split()[4] for line in table[1:]}) == 1  # a straight line each, whatever its slope
    assert [line.split()[5] for line in table[1:]] == ["-0.3", "-2.9", "-29.0", "-290.0"]


def test_another_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds neither a run nor a sweep"):
        show(tmp_path)


def test_a_run_that_never_began_is_shown(tmp_path: Path, capsys) -> None:
    status.write(tmp_path, {"state": "failed", "error": "no room"})
    show(tmp_path)
    assert capsys.readouterr().out == f"{tmp_path.name}: failed, no room\n"
