"""The answer in one sentence: a clause for each run of values that agree, and the runs behind it."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from unrolled.record.results import Swept, SweptRun
from unrolled.record.run_record import RunRecord
from unrolled.report.clauses import clauses, unmentioned_axes


def swept(axes: dict[str, list[Any]], regime: Any) -> Swept:
    """Returns a sweep whose runs drew 10 networks each.

    regime: axes -> number of networks in each regime; empty: the run failed.
    """
    runs = []
    for i, values in enumerate(product(*axes.values())):
        here = dict(zip(axes, values, strict=True))
        births = {"n": 10, "slopes": [0.1 * i + 0.01 * k for k in range(10)], "regimes": regime(here)}
        left = {"state": "completed", "births": births} if births["regimes"] else {"state": "failed"}
        runs.append(SweptRun(Path(f"nowhere/{i}"), here, RunRecord.from_dict(left)))
    return Swept(Path("nowhere"), "made", "?", axes, runs)


def found(axes: dict[str, list[Any]], regime: Any) -> list[tuple[str, str, list[int]]]:
    return [(each.subject, each.text, each.runs) for each in clauses(swept(axes, regime))]


def by_gain(here: dict[str, Any]) -> dict[str, int]:
    limit = {"tanh": 5.0, "relu": 1.3}[here["activation"]]
    return {"vanishing": 10} if here["init.gain"] < limit else {"exploding": 9, "stable": 1}


def test_a_clause_for_each_run_of_values_that_agree() -> None:
    axes = {"activation": ["tanh", "relu"], "init.gain": [1.5, 0.9, 1.2], "seed": [0]}
    assert found(axes, by_gain) == [
        ("tanh", "vanishes at every gain", [0, 1, 2]),
        ("relu", "vanishes up to gain 1.2", [4, 5]),
        ("relu", "explodes from gain 1.5", [3]),
    ]


def test_where_nine_in_ten_do_not_agree_there_is_no_regime() -> None:
    def regime(here: dict[str, Any]) -> dict[str, int]:
        return {"vanishing": 8, "exploding": 2} if here["model.hidden"] == 8 else {"stable": 10}

    assert found({"model.hidden": [4, 8, 16, 32]}, regime) == [
        ("the gradient", "is stable up to hidden 4", [0]),
        ("the gradient", "has no regime that 9 in 10 births share at hidden 8", [1]),
        ("the gradient", "is stable from hidden 16", [2, 3]),
    ]


@pytest.mark.parametrize("axes", [{"activation": ["tanh", "relu"]}, {"activation": ["tanh", "relu"], "seed": [0, 1]}])
def test_without_an_axis_of_numbers_each_value_has_its_verb(axes: dict[str, list[Any]]) -> None:
    seeds = len(axes.get("seed", [0]))
    regime = {"tanh": {"vanishing": 10}, "relu": {"chaotic": 10}}
    assert found(axes, lambda here: regime[here["activation"]]) == [
        ("tanh", "vanishes", list(range(seeds))),
        ("relu", "is chaotic", list(range(seeds, 2 * seeds))),
    ]


def test_a_sweep_over_seeds_alone_speaks_of_the_gradient() -> None:
    assert found({"seed": [0, 1, 2]}, lambda _: {"dead": 10}) == [("the gradient", "is dead", [0, 1, 2])]


def test_without_initialisations_there_is_no_clause() -> None:
    run = SweptRun(Path("nowhere/0"), {"seed": 0}, RunRecord(state="failed"))
    assert clauses(Swept(Path("nowhere"), "made", "?", {"seed": [0]}, [run])) == []


def test_an_axis_that_no_clause_speaks_of_is_never_averaged_away() -> None:
    """Nine of ten sizes explode, the tenth vanishes: pooled, nine networks in ten explode."""

    def regime(here: dict[str, Any]) -> dict[str, int]:
        return {"vanishing": 10} if here["model.hidden"] == 10 and here["init.gain"] == 2 else {"exploding": 10}

    axes = {"init.gain": [1, 2], "model.hidden": list(range(1, 11))}
    assert found(axes, regime) == [
        ("the gradient", "explodes up to gain 1", list(range(10))),
        ("the gradient", "has no regime that 9 in 10 births share from gain 2", list(range(10, 20))),
    ]
    assert unmentioned_axes(swept(axes, regime)) == ["model.hidden"]


def test_values_whose_runs_failed_are_not_passed_over() -> None:
    def regime(here: dict[str, Any]) -> dict[str, int]:
        return {} if here["init.gain"] == 3 or here["seed"] == here["init.gain"] else {"vanishing": 10}

    assert found({"init.gain": [0, 1, 3], "seed": [0, 1]}, regime) == [
        ("the gradient", "vanishes up to gain 1", [1, 2]),
        ("the gradient", "has no result from gain 3", [4, 5]),
    ]


@pytest.mark.parametrize(
    ("axis", "value", "subject"), [("task.shuffle_words", False, "shuffle_words=False"), ("task", "adding", "adding")]
)
def test_a_subject_says_what_it_is(axis: str, value: Any, subject: str) -> None:
    assert found({axis: [value]}, lambda _: {"undecided": 10}) == [(subject, "is undecided", [0])]
