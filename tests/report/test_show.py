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
    assert f"val/accuracy {status['metrics']['val/accuracy']:.4g} (most frequent class: " in printed
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
    assert "profile, 10^-2 to 10^0" in lines[1]
    assert lines[2].split()[:5] == ["gain=1.0", "completed", "█▅▁", "-0.500", "vanishing"]
    assert lines[2].rstrip().endswith("val/a 0.5 (any class: 0.25)")
    assert [line.split()[1] for line in lines[3:]] == ["failed", "missing"]


def test_another_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds neither a run nor a sweep"):
        show(tmp_path)


def test_a_run_that_never_began_is_shown(tmp_path: Path, capsys) -> None:
    status.write(tmp_path, {"state": "failed", "error": "no room"})
    show(tmp_path)
    assert capsys.readouterr().out == f"{tmp_path.name}: failed, no room\n"
