"""Profiles: what is drawn one by one, where a median ends, and names that can be read."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_page import births, make_sweep

from unrolled.record.results import Swept, read_sweep
from unrolled.report.profile_figures import FEW, profiles_after_training, profiles_at_initialisation, spread


@given(st.lists(st.floats(-50, 50), max_size=8), st.floats(0, 10))
def test_names_keep_their_order_and_are_apart(places: list[float], gap: float) -> None:
    moved = spread(places, gap)
    order = np.argsort(places, kind="stable")
    assert all(np.diff(np.array(moved)[order]) >= gap - 1e-9)
    assert sum(moved) == pytest.approx(sum(places), abs=1e-6)  # least squares leave the mean where it is


@pytest.mark.parametrize(
    ("places", "gap", "moved"),
    [
        ([], 1, []),
        ([3.0], 1, [3.0]),
        ([0.0, 5.0], 1, [0.0, 5.0]),
        ([2.0, 2.0], 1, [1.5, 2.5]),
        ([2, 1, 9], 3, [3, 0, 9]),
    ],
)
def test_names_that_are_apart_stay(places: list[float], gap: float, moved: list[float]) -> None:
    assert spread(places, gap) == pytest.approx(moved)


def lines(figure: Any, name: str) -> list[Any]:
    return [trace for trace in figure.data if trace.name == name and trace.mode == "lines"]


def sweep_of(folder: Path, seeds: int, rows: list[str]) -> Swept:
    """rows: of each run's profile at its end, by time step, in nats; empty: not reached."""
    records = [{"state": "completed", "steps": 1, "slope": -1.0, "births": births([-1.0], vanishing=1)}] * seeds
    made = make_sweep(folder, {"activation": "tanh", "seed": ",".join(map(str, range(seeds)))}, records)
    for number, row in enumerate(rows):
        (made / str(number) / "profiles").mkdir()
        for file in ("grad_h_relative_log.csv", "births_relative_log.csv"):
            (made / str(number) / "profiles" / file).write_text(f"step,t0,t1,t2\n0,{row}\n")
    return read_sweep(made)


def test_few_runs_are_drawn_one_by_one(tmp_path: Path) -> None:
    swept = sweep_of(tmp_path / "s", 2, ["-4,-1,0", ",-3,0"])
    drawn = lines(profiles_after_training(swept), "tanh")
    assert [list(trace.x) for trace in drawn] == [[0, 1, 2], [0, 1]]
    assert [trace.y[1] for trace in drawn] == pytest.approx([math.exp(-1), math.exp(-3)])


def test_a_median_is_drawn_at_lags_that_all_runs_reach(tmp_path: Path) -> None:
    """numpy's median of the values -1 to -6; the deepest lag has five of six runs."""
    rows = [f"{'' if i == 3 else -9},{-i - 1},0" for i in range(FEW + 1)]
    figure = profiles_at_initialisation(sweep_of(tmp_path / "s", FEW + 1, rows))
    (median,) = [trace for trace in lines(figure, "tanh") if trace.hovertemplate]
    assert list(median.x) == [0, 1]
    assert median.y[1] == pytest.approx(math.exp(np.median([-1, -2, -3, -4, -5, -6])))


def test_a_gradient_of_exactly_0_is_no_number_among_others(tmp_path: Path) -> None:
    rows = [f"{'-inf' if i < 2 else -9},-1,0" for i in range(FEW + 1)]
    figure = profiles_at_initialisation(sweep_of(tmp_path / "s", FEW + 1, rows))
    (median,) = [trace for trace in lines(figure, "tanh") if trace.hovertemplate]
    assert (list(median.x), median.y[2]) == ([0, 1, 2], pytest.approx(math.exp(-9)))
