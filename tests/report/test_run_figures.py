"""The figures of a run's page: one direction of time, one unit, and runs of a single update."""

import math
import shlex
from pathlib import Path
from typing import Any

import pytest

from unrolled.record.run_record import RunRecord
from unrolled.report.run_figures import heat_map, learning, slopes, weights_by_time
from unrolled.report.runs import run_command
from unrolled.report.states_figure import states_apart


def run_of(folder: Path, updates: int) -> Path:
    """A run of this many updates that has a row for each, with a slope of ln 0.1 a lag."""
    (folder / "profiles").mkdir()
    rows = [f"{step},{5 - step},{4 - step},{math.log(0.1)}" for step in range(updates + 1)]
    (folder / "metrics.csv").write_text("\n".join(["step,loss,val/loss,grad_h/slope", *rows, ""]))
    for name in ("grad_h_log", "grad_W_h"):
        (folder / "profiles" / f"{name}.csv").write_text("step,t0,t1,t2\n0,1,2,4\n1,1,2,8\n")
    return folder


def test_one_update_is_drawn_with_marks_on_a_sane_axis(tmp_path: Path) -> None:
    figure: Any = learning(run_of(tmp_path, 1), RunRecord())
    assert [line.name for line in figure.data] == ["training", "validation"]
    for line, losses in zip(figure.data, ([5, 4], [4, 3]), strict=True):
        assert "markers" in line.mode and [*line.x] == [0, 1] and [*line.y] == losses
    low, high = figure.layout.xaxis.range
    assert low <= 0 and 1 <= high <= 5
    assert slopes(tmp_path) is None


def test_each_colour_has_one_name(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("step,loss,val/loss,train/accuracy,val/accuracy\n0,1,1,0,0\n9,1,1,0,0\n")
    figure: Any = learning(tmp_path, RunRecord(score="val/accuracy"))
    shown = [(line.name, line.line.color) for line in figure.data if line.showlegend]
    assert len(figure.data) == 4 and len(shown) == 2 == len({colour for _, colour in shown})


def test_further_right_is_further_back_in_every_figure(tmp_path: Path) -> None:
    run_of(tmp_path, 4)
    heat: Any = heat_map(tmp_path, {})
    weights: Any = weights_by_time(tmp_path)
    for drawn in (heat.data[0], weights.data[-1]):
        assert [*drawn.x] == [2, 1, 0]
    assert [*weights.data[-1].y] == [1, 2, 8]


def test_two_states_are_drawn_beside_one_another_and_one_alone_is_not(tmp_path: Path) -> None:
    assert states_apart(run_of(tmp_path, 4)) is None
    (tmp_path / "profiles" / "grad_c_log.csv").write_text("step,t0,t1,t2\n0,0,0,0\n1,-2,-1,0\n")
    figure: Any = states_apart(tmp_path)
    assert [line.name for line in figure.data] == [
        f"dL/d{state}<sub>t</sub>, step {step}" for state in "hc" for step in (0, 1)
    ]
    assert [*figure.data[-1].x] == [0, 1, 2]
    assert [*figure.data[-1].y] == pytest.approx([0, -1 / math.log(10), -2 / math.log(10)])


def test_a_slope_is_drawn_in_decades_and_told_in_nats(tmp_path: Path) -> None:
    figure: Any = slopes(run_of(tmp_path, 4))
    assert [*figure.data[0].y] == pytest.approx([-1.0] * 5)
    assert [*figure.data[0].customdata] == pytest.approx([math.log(0.1)] * 5)


def test_a_run_has_the_command_that_made_it(tmp_path: Path) -> None:
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "overrides.yaml").write_text("- activation=relu\n- resume=true\n- experiment=nan\n")
    (tmp_path / ".hydra" / "hydra.yaml").write_text("hydra:\n  job:\n    config_name: train\n")
    words = shlex.split(run_command(tmp_path))
    assert words[-2:] == ["activation=relu", "experiment=nan"]
    assert any(word.endswith("train.py") for word in words)
