"""Sentences on what the data need beside what the gradient reaches, and what every task knows of it."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.record.reach import reach_lines
from unrolled.record.run_record import RunRecord
from unrolled.tasks.data import Data, Guess, Split
from unrolled.tasks.needs import with_length
from unrolled.tasks.scores import regression

SEASON = {"season": {"lag": 10.0, "what": "what was one season (11 rows) before the forecast"}}


def record(**entries: Any) -> RunRecord:
    return RunRecord.from_dict({"state": "completed", **entries})


@pytest.mark.parametrize(
    ("entries", "begins"),
    [
        ({"horizon": 8, "horizon_direction": "down"}, "horizon 8 <= season 10: out of reach; this network receives"),
        ({"horizon": 10, "horizon_direction": "down"}, "horizon 10 <= season 10: out of reach"),
        ({"horizon": 11, "horizon_direction": "down"}, "horizon 11 > season 10: what was one season (11 rows) before"),
        ({"horizon": 5, "horizon_direction": "up"}, "season at lag 10: within reach; the gradient grows a hundredfold"),
        ({"longest_lag": 39}, "horizon beyond lag 39, season 10: what was one season"),
        ({"longest_lag": 10}, "horizon beyond lag 10, season 10: what was one season"),
        ({"longest_lag": 9}, "season 10: unknown; gradients were followed to lag 9"),
    ],
)
def test_a_need_beside_the_horizon(entries: dict[str, Any], begins: str) -> None:
    (line,) = reach_lines(record(needs=SEASON, **entries))
    assert line.startswith(f"reach     {begins}")


def test_the_lag_of_a_dependency_is_a_need_unless_the_data_have_found_one() -> None:
    (line,) = reach_lines(record(dependency=100.0, horizon=10, horizon_direction="down"))
    assert line.startswith("reach     horizon 10 <= delay 100: out of reach")
    (line,) = reach_lines(record(dependency=100.0, needs=SEASON, longest_lag=50))
    assert "season" in line


def test_without_a_need_or_a_gradient_there_is_no_line() -> None:
    assert reach_lines(record(horizon=10, horizon_direction="down")) == []
    assert reach_lines(record(needs=SEASON)) == []
    assert reach_lines(record(needs={"season": {"lag": None, "what": 3}}, horizon=3)) == []
    assert reach_lines(RunRecord()) == []


@pytest.mark.parametrize(
    ("score", "here", "trivial", "other", "ends"),
    [
        (
            "val/accuracy",
            0.85,
            0.5,
            0.65,
            "cost 0.200 val/accuracy; this network is 0.350 better than the trivial baseline: order matters",
        ),
        ("val/accuracy", 0.85, 0.5, 0.84, "order matters little here, and so does the horizon"),
        ("val/accuracy", 0.85, 0.5, 0.9, "shuffled steps cost 0.000"),
        (
            "val/mse",
            0.3,
            0.9,
            5.0,
            "cost 4.700 val/mse; this network is 0.600 better than the trivial baseline: order matters",
        ),
    ],
)
def test_what_shuffled_steps_cost(score: str, here: float, trivial: float, other: float, ends: str) -> None:
    (line,) = reach_lines(
        record(
            score=score,
            larger_is_better=score == "val/accuracy",
            metrics={score: here},
            baseline={score: trivial},
            references={"this network, words shuffled": {score: other}},
        )
    )
    assert ends in line


def test_a_network_that_gains_nothing_says_nothing_of_shuffling() -> None:
    scores = {"metrics": {"a": 0.4}, "baseline": {"a": 0.5}, "references": {"this network, steps shuffled": {"a": 0.1}}}
    assert reach_lines(record(score="a", larger_is_better=True, **scores)) == []
    other = {"this network, steps shuffled": {"val/f1": 0.4}}
    little = {"metrics": {"val/f1": 0.52}, "baseline": {"val/f1": 0.5}, "references": other}
    assert reach_lines(record(score="val/f1", larger_is_better=True, **little)) == []


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12))
def test_the_first_step_of_a_sequence_of_median_length_is_a_need(lengths: list[int]) -> None:
    T = max(lengths)
    mask = torch.arange(T) >= T - torch.tensor(lengths).unsqueeze(1)
    split = Split(torch.zeros(len(lengths), T, 1), mask, torch.zeros(len(lengths)))
    guess = Guess(torch.zeros(len(lengths), 1))
    (need,) = with_length(Data("sequence_to_vector", split, split, 1, 1, partial(regression), guess, "zero")).needs
    assert need.lag == np.median(lengths) - 1
