"""Results of a made-up sweep in sentences: what was solved, what was censored, and the effect of each axis."""

import csv
from pathlib import Path
from typing import Any

import pytest
from test_page import births, make_sweep

from unrolled.record.results import read_sweep
from unrolled.report.build import build
from unrolled.report.configuration_lines import lines
from unrolled.report.learning import cost
from unrolled.report.verdict.answers import answers
from unrolled.report.words import words


def record(value: float | None, at: Any = None, slope: Any = -0.5, **more: Any) -> dict[str, Any]:
    return {
        "state": "completed",
        "steps": 700,
        "score": "val/accuracy",
        "larger_is_better": True,
        "metrics": {"val/accuracy": value, "val/loss": 1.0},
        "train": {},
        "baseline": {"val/accuracy": 0.25, "val/loss": 1.4},
        "baseline_name": "any class",
        "references": {},
        "solved": {"score": "val/accuracy", "value": 0.99, "at": at},
        "seconds_per_update": 0.001,
        "births": births([slope or 0.0], vanishing=1),
        "slope": slope,
        "regime": "vanishing",
        **more,
    }


@pytest.fixture
def solved(tmp_path: Path) -> Path:
    records = [record(1.0, 100, -0.1), record(0.995, 300, -0.2), record(0.25, None, -0.9), record(0.24, None, -0.8)]
    for each in records[2:]:
        each["regime"] = "saturated"
    return make_sweep(tmp_path / "s", {"init.gain": "1.0,0.5", "seed": "0,1"}, records)


def test_unsolved_is_censored_never_failed(solved: Path) -> None:
    first, second = lines(read_sweep(solved))
    assert "solved by 2 of 2 after 100 to 300 updates" in first
    assert "(from 0.995 to 1 over 2 runs)" in first  # a range without "from" is an interval
    assert "solved by 0 of 2, censored at 700 updates" in second
    page = build(solved).read_text(encoding="utf-8")
    assert "How many updates it takes" in page and "0 failed" not in page


def said(folder: Path) -> list[str]:
    return [line for each in answers(read_sweep(folder)) for line in each.lines]


def test_without_an_answer_asked_for_the_regimes_and_the_solved_runs_are_counted(solved: Path) -> None:
    assert said(solved) == [
        "The gradient at initialisation vanishes at gain 0.5 and 1.0 (4 of 4 networks, 0.51 to 1.00).",
        "No difference between gain 0.5 and 1.0 is certain; runs that solved the task by gain (with Wilson's 95 % "
        "interval): 0.5: 0 of 2, 0.00 to 0.66; 1.0: 2 of 2, 0.34 to 1.00 (Fisher's exact test, 1 comparison).",
    ]


def test_tasks_with_scores_of_their_own_are_set_against_their_own_baselines(tmp_path: Path) -> None:
    other = {"score": "val/mse", "larger_is_better": False, "baseline_name": "always 1", "solved": None}
    numbers = {"metrics": {"val/mse": 0.5}, "baseline": {"val/mse": 0.2}}
    records = [record(0.6, solved=None), record(None, **other, **numbers)]
    folder = make_sweep(tmp_path / "s", {"task": "latch,adding"}, records)
    assert said(folder)[1] == "Better than the trivial baseline in all runs: 1 of 2 (latch, 1 run)."
    build(folder)


def test_smaller_is_better_where_it_is(tmp_path: Path) -> None:
    def scored(value: float) -> dict[str, Any]:
        return record(
            None, score="val/bits", larger_is_better=False, solved=None, metrics={"val/bits": value}, baseline={}
        )

    folder = make_sweep(tmp_path / "s", {"model.hidden": "8,32"}, [scored(3.0), scored(2.0)])
    assert said(folder)[1:] == [
        "hidden 32 minus hidden 8: -1 val/bits (1 pair of runs, too few for an interval).",
        "val/bits (lower is better) by hidden: 8: 3 (1 run); 32: 2 (1 run).",
    ]


def test_a_diverged_configuration_has_no_score(tmp_path: Path) -> None:
    records = [record(None, state="diverged"), record(0.5)]
    folder = make_sweep(tmp_path / "s", {"init.gain": "9.0,1.0"}, records)
    assert "gain=9.0: val/accuracy not finite: it diverged" in lines(read_sweep(folder))[0]
    build(folder)


def test_profiles_by_time_are_drawn_where_the_loss_reads_every_state(tmp_path: Path) -> None:
    none = {"solved": None, "births": births([0.0]) | {"slopes": []}}
    records = [record(0.5, None, None, seam=2, **none), record(0.5, None, None, every_state=True, **none)]
    folder = make_sweep(tmp_path / "s", {"task": "translate,chars"}, records)
    for number in range(2):
        (folder / str(number) / "profiles").mkdir()
        (folder / str(number) / "profiles" / "grad_h.csv").write_text("step,t0,t1,t2\n0,1,1,1\n5,,1e-3,1\n")
    page = build(folder).read_text(encoding="utf-8")
    assert "1. Scores" in page and "2. Profiles by time step" in page
    assert "Profiles at initialisation" not in page


def test_words_are_pooled_over_seeds(tmp_path: Path) -> None:
    folder = make_sweep(tmp_path / "s", {"seed": "0,1"}, [record(0.5), record(0.6)])
    for number, cosine in enumerate((0.2, 0.6)):
        with (folder / str(number) / "words.csv").open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["word", "other", "cosine_start", "cosine", "nearest_start", "nearest"])
            table.writerow(["love", "<b>like", 0.0, cosine, "the", "enjoy"])
    (row,) = words(read_sweep(folder))
    assert (row["pair"], row["before"], row["after"], row["nearest_after"]) == (
        "love / <b>like",
        "+0.00",
        "+0.40",
        "enjoy",
    )
    assert "<b>like" not in build(folder).read_text(encoding="utf-8")


@pytest.mark.parametrize(("axes", "has"), [({"task.length": "10,20", "activation": "tanh"}, True),
                                           ({"task.length": "10,20", "activation": "tanh,relu"}, False)])  # fmt: skip
def test_time_by_length_is_given_where_a_length_has_one_network(
    axes: dict[str, str], has: bool, tmp_path: Path
) -> None:
    swept = read_sweep(make_sweep(tmp_path / "s", axes, [record(0.5)] * (2 if has else 4)))
    assert (cost(swept) is not None) == has
