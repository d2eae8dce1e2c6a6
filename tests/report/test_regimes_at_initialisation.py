"""The answer in one sentence: a clause for each run of values that agree, and the runs behind it."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from unrolled.record.results import Swept, SweptRun
from unrolled.record.run_record import RunRecord
from unrolled.report.verdict.regimes import at_initialisation, unmentioned_axes


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
    return [(each.subject, each.whole, each.runs) for each in at_initialisation(swept(axes, regime))]


def by_gain(here: dict[str, Any]) -> dict[str, int]:
    limit = {"tanh": 5.0, "relu": 1.3}[here["activation"]]
    return {"vanishing": 10} if here["init.gain"] < limit else {"exploding": 9, "stable": 1}


def test_a_clause_for_each_run_of_values_that_agree() -> None:
    axes = {"activation": ["tanh", "relu"], "init.gain": [1.5, 0.9, 1.2], "seed": [0]}
    assert found(axes, by_gain) == [
        (
            "tanh: the gradient at initialisation",
            "vanishes at gain 0.9, 1.2 and 1.5 (30 of 30 networks, 0.89 to 1.00)",
            [0, 1, 2],
        ),
        (
            "relu: the gradient at initialisation",
            "vanishes at gain 0.9 and 1.2 (20 of 20 networks, 0.84 to 1.00)",
            [4, 5],
        ),
        ("relu: the gradient at initialisation", "explodes at gain 1.5 (9 of 10 networks, 0.60 to 0.98)", [3]),
    ]


def test_where_nine_in_ten_do_not_agree_there_is_no_regime() -> None:
    def regime(here: dict[str, Any]) -> dict[str, int]:
        return {"vanishing": 8, "exploding": 2} if here["model.hidden"] == 8 else {"stable": 10}

    assert found({"model.hidden": [4, 8, 16, 32]}, regime) == [
        ("The gradient at initialisation", "is stable at hidden 4 (10 of 10 networks, 0.72 to 1.00)", [0]),
        (
            "The gradient at initialisation",
            "has no regime that 9 in 10 initialisations share at hidden 8 (8 vanishing, 2 exploding of 10 networks)",
            [1],
        ),
        ("The gradient at initialisation", "is stable at hidden 16 and 32 (20 of 20 networks, 0.84 to 1.00)", [2, 3]),
    ]


@pytest.mark.parametrize("axes", [{"activation": ["tanh", "relu"]}, {"activation": ["tanh", "relu"], "seed": [0, 1]}])
def test_without_an_axis_of_numbers_each_value_has_its_verb(axes: dict[str, list[Any]]) -> None:
    seeds = len(axes.get("seed", [0]))
    low = {1: "0.72", 2: "0.84"}[seeds]  # Wilson's limit
    regime = {"tanh": {"vanishing": 10}, "relu": {"chaotic": 10}}
    assert found(axes, lambda here: regime[here["activation"]]) == [
        (
            "tanh: the gradient at initialisation",
            f"vanishes ({10 * seeds} of {10 * seeds} networks, {low} to 1.00)",
            list(range(seeds)),
        ),
        (
            "relu: the gradient at initialisation",
            f"is chaotic ({10 * seeds} of {10 * seeds} networks, {low} to 1.00)",
            list(range(seeds, 2 * seeds)),
        ),
    ]


def test_a_sweep_over_seeds_alone_speaks_of_the_gradient() -> None:
    assert found({"seed": [0, 1, 2]}, lambda _: {"dead": 10}) == [
        ("The gradient at initialisation", "is dead (30 of 30 networks, 0.89 to 1.00)", [0, 1, 2])
    ]


def test_without_initialisations_there_is_no_clause() -> None:
    run = SweptRun(Path("nowhere/0"), {"seed": 0}, RunRecord(state="failed"))
    assert at_initialisation(Swept(Path("nowhere"), "made", "?", {"seed": [0]}, [run])) == []


def test_an_axis_that_no_clause_speaks_of_is_never_averaged_away() -> None:
    """Nine of ten sizes explode, the tenth vanishes: pooled, nine networks in ten explode."""

    def regime(here: dict[str, Any]) -> dict[str, int]:
        return {"vanishing": 10} if here["model.hidden"] == 10 and here["init.gain"] == 2 else {"exploding": 10}

    axes = {"init.gain": [1, 2], "model.hidden": list(range(1, 11))}
    assert found(axes, regime) == [
        ("The gradient at initialisation", "explodes at gain 1 (100 of 100 networks, 0.96 to 1.00)", list(range(10))),
        (
            "The gradient at initialisation",
            "has no regime that 9 in 10 initialisations share at gain 2 (90 exploding, 10 vanishing of 100 networks)",
            list(range(10, 20)),
        ),
    ]
    assert unmentioned_axes(swept(axes, regime)) == ["model.hidden"]


def test_values_whose_runs_failed_are_not_passed_over() -> None:
    def regime(here: dict[str, Any]) -> dict[str, int]:
        return {} if here["init.gain"] == 3 or here["seed"] == here["init.gain"] else {"vanishing": 10}

    assert found({"init.gain": [0, 1, 3], "seed": [0, 1]}, regime) == [
        ("The gradient at initialisation", "vanishes at gain 0 and 1 (20 of 20 networks, 0.84 to 1.00)", [1, 2]),
        ("The gradient at initialisation", "has no result at gain 3", [4, 5]),
    ]


@pytest.mark.parametrize(
    ("axis", "value", "subject"), [("task.shuffle_words", False, "shuffle_words=False"), ("task", "adding", "adding")]
)
def test_a_subject_says_what_it_is(axis: str, value: Any, subject: str) -> None:
    assert found({axis: [value]}, lambda _: {"undecided": 10}) == [
        (f"{subject}: the gradient at initialisation", "is undecided (10 of 10 networks, 0.72 to 1.00)", [0])
    ]


@pytest.mark.parametrize(
    ("activation", "choices", "exact"),
    [
        ("identity", {"init": "orthogonal"}, True),
        ("identity", {"init": "identity"}, True),
        ("identity", {"init": "orthogonal", "cell": "rnn"}, True),
        ("identity", {"init": "orthogonal", "cell": "leaky"}, False),
        ("identity", {"init": "gaussian"}, False),
        ("tanh: the gradient at initialisation", {"init": "orthogonal"}, False),
    ],
)
def test_a_theorem_is_no_sample(activation: str, choices: dict[str, str], exact: bool) -> None:
    """The norm of W_h^T v is the gain times that of v, if W_h is a multiple of an orthogonal matrix and f' = 1."""
    born = {"n": 10, "slopes": [-0.7] * 10, "regimes": {"vanishing": 10}}
    record = RunRecord.from_dict({"state": "completed", "births": born, "choices": choices})
    run = SweptRun(Path("nowhere/0"), {"activation": activation, "init.gain": 0.5}, record)
    whole = Swept(Path("nowhere"), "made", "?", {"activation": [activation], "init.gain": [0.5]}, [run])
    (clause,) = at_initialisation(whole)
    assert ("(exact: each step back multiplies the gradient by the gain)" in clause.whole) == exact
    assert ("10 of 10 networks" in clause.whole) != exact
