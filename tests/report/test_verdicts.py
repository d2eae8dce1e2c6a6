"""What a sweep's page says first follows from the quantity that `sweep.answer` names, and from no other."""

import math
import re
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unrolled.config.answer import ANSWERS
from unrolled.record.results import Swept, SweptRun
from unrolled.record.run_record import RunRecord
from unrolled.report.verdict.answers import answers, spoken
from unrolled.report.verdict.best import best
from unrolled.report.verdict.statement import text
from unrolled.report.verdict.why import LARGEST_SLOPE
from unrolled.rnn.activations import ACTIVATIONS


def swept(axes: dict[str, list[Any]], make: Any, answer: str) -> Swept:
    """make: axes -> what the record of that run has beside a usual one."""
    runs = []
    for i, values in enumerate(product(*axes.values())):
        here = dict(zip(axes, values, strict=True))
        usual = {
            "state": "completed", "steps": 100, "score": "val/accuracy", "larger_is_better": True, "metrics": {},
            "baseline": {"val/accuracy": 0.25}, "baseline_name": "any class", "choices": {},
        }  # fmt: skip
        runs.append(SweptRun(Path(f"nowhere/{i}"), here, RunRecord.from_dict(usual | make(here))))
    return Swept(Path("nowhere"), "made", "why?", axes, runs, answer=answer)


def lines(axes: dict[str, list[Any]], make: Any, answer: str) -> list[str]:
    (found,) = answers(swept(axes, make, answer))
    return found.lines


def accuracy(value: float) -> dict[str, Any]:
    return {"metrics": {"val/accuracy": value}}


def test_score_by_an_axis_of_numbers() -> None:
    at = {4: [0.1, 0.2, 0.3], 64: [0.7, 0.8, 0.9]}

    def make(here: dict[str, Any]) -> dict[str, Any]:
        return accuracy(at[here["model.hidden"]][here["seed"]])

    assert lines({"model.hidden": [64, 4], "seed": [0, 1, 2]}, make, "score by model.hidden") == [
        "val/accuracy (higher is better) by hidden: 4: 0.20 (-0.05 to 0.45, 3 runs); 64: 0.80 (0.55 to 1.05, 3 runs).",
        "hidden 64 is above hidden 4: +0.600 val/accuracy (95 % interval +0.600 to +0.600, 3 pairs of runs).",
    ]  # fmt: skip


def test_only_runs_that_differ_in_nothing_else_are_compared() -> None:
    """Size makes a difference of 10; shuffling one of .1 in each size: without pairs it would be lost in the sizes."""

    def make(here: dict[str, Any]) -> dict[str, Any]:
        return accuracy(here["model.hidden"] * 10 + 0.1 * here["task.shuffle_words"] + 0.001 * here["seed"] ** 2)

    axes = {"task.shuffle_words": [False, True], "model.hidden": [1, 2], "seed": [0, 1, 2]}
    headline, verdict = lines(axes, make, "score by task.shuffle_words")
    assert "False: 15 (from 10 to 20 in 6 runs of 2 configurations)" in headline
    assert verdict.startswith("shuffle_words True is above shuffle_words False: +0.1")


def test_words_are_compared_pair_by_pair() -> None:
    at = {"relu": 0.9, "tanh": 0.5, "gelu": 0.5}
    noise = [0.0, 0.01, -0.01, 0.02]

    def make(here: dict[str, Any]) -> dict[str, Any]:
        return accuracy(at[here["activation"]] + noise[(here["seed"] * len(here["activation"]) + 1) % 4])

    _, verdict = lines({"activation": list(at), "seed": [0, 1, 2, 3]}, make, "score by activation")
    assert verdict.startswith("Certain with 95 % intervals that hold together (3 differences, 4 pairs of runs each): ")
    assert "relu above tanh by 0." in verdict and "relu above gelu by 0." in verdict
    assert "tanh above" not in verdict and "gelu above" not in verdict


def test_a_run_without_a_value_is_counted() -> None:
    def make(here: dict[str, Any]) -> dict[str, Any]:
        return {"state": "diverged"} if here["init.gain"] == 9 else accuracy(0.5)

    *_, last = lines({"init.gain": [1, 9], "seed": [0, 1]}, make, "score by init.gain")
    assert last == "2 runs of 4 without a value (diverged, or without one) not counted."


def test_training_scores_beside_validation() -> None:
    def make(_: dict[str, Any]) -> dict[str, Any]:
        return accuracy(0.35) | {"train": {"accuracy": 0.955}}

    found = lines({"task.label_noise": [0.0, 1.0]}, make, "training score by task.label_noise")
    assert found[0] == "accuracy on training examples by label_noise: 0.0: 0.955 (1 run); 1.0: 0.955 (1 run)."
    assert found[2].startswith("val/accuracy (higher is better) by label_noise: 0.0: 0.35 (1 run)")


def solved(at: int | None, **more: Any) -> dict[str, Any]:
    return {"solved": {"score": "val/accuracy", "value": 0.99, "at": at}, **more}


def test_share_solved_by_an_axis() -> None:
    def make(here: dict[str, Any]) -> dict[str, Any]:
        return solved(50 if here["activation"] == "relu" else None)

    assert lines({"activation": ["relu", "sigmoid"], "seed": list(range(6))}, make, "share solved by activation") == [
        "Runs that solved the task by activation (with Wilson's 95 % interval): relu: 6 of 6, 0.61 to 1.00; "
        "sigmoid: 0 of 6, 0.00 to 0.39.",
        "Certain at the 5 % level (Fisher's exact test, 1 comparison): relu more often than sigmoid.",
    ]


def test_share_solved_by_slope() -> None:
    """3 of 18 of the vanishing, 6 of 6 of the stable, 0 of 3 of the exploding networks, as a sweep once had it."""
    kinds = ["vanishing"] * 18 + ["stable"] * 6 + ["exploding"] * 3
    at = [1] * 3 + [None] * 15 + [1] * 6 + [None] * 3

    def make(here: dict[str, Any]) -> dict[str, Any]:
        return solved(at[here["seed"]], start={"regime": kinds[here["seed"]], "slope": -0.1})

    (found,) = lines({"seed": list(range(27))}, make, "share solved by slope")
    assert found == (
        "Runs that solved the task by their regime at step 0: vanishing 3 of 18, 0.06 to 0.39, "
        "stable 6 of 6, 0.61 to 1.00, exploding 0 of 3, 0.00 to 0.56."
    )


def test_baselines_by_task() -> None:
    def make(here: dict[str, Any]) -> dict[str, Any]:
        reference = {"bag of words": {"val/accuracy": 0.76}, "this network, words shuffled": {"val/accuracy": 0.9}}
        return accuracy({"caption": 0.8, "sentiment": 0.6, "other": 0.2}[here["task"]]) | {"references": reference}

    headline, *rest = lines({"task": ["caption", "sentiment", "other"]}, make, "baselines by task")
    assert headline == (
        "Better than the trivial baseline in all runs: 2 of 3 (caption, sentiment); "
        "better than the strongest other model: 1 of 3 (caption)."
    )
    assert rest[1] == (
        "sentiment: val/accuracy 0.6 (1 run); any class: 0.25, beaten by 1 of 1; bag of words: 0.76, beaten by 0 of 1."
    )


def test_seconds_by_length_with_their_power() -> None:
    def make(here: dict[str, Any]) -> dict[str, Any]:
        return {"seconds_per_update": 2e-3 * here["task.length"] ** 0.5, "steps": 100}

    headline, growth = lines({"task.length": [10, 20, 40, 80]}, make, "seconds by task.length")
    assert headline.startswith("Seconds of all updates by length: 10: 0.632 (1 run); 20: 0.894 (1 run)")
    assert growth.startswith("At length 10, 20, 40 and 80 the time grows as length to the power 0.5")


def test_the_change_of_the_slope_by_training() -> None:
    def make(here: dict[str, Any]) -> dict[str, Any]:
        return {"start": {"slope": -0.5}, "slope": -0.5 + 0.1 * here["seed"]}

    (found,) = lines({"activation": ["tanh"], "seed": [1, 2, 3]}, make, "change of slope by activation")
    assert found == "Change of the slope by training, nats per lag, at activation tanh: 0.20 (-0.05 to 0.45, 3 runs)."


def test_why() -> None:
    def make(_: dict[str, Any]) -> dict[str, Any]:
        return {"start": {"slope": math.log(0.5), "slope_by_f": math.log(0.25), "slope_by_W_h": math.log(2)}}

    assert lines({"activation": ["sigmoid"]}, make, "why by activation") == [
        "sigmoid: at each step back f' multiplies the gradient by 0.25 (f' <= 1/4) and W_h, along the gradient, by 2; "
        "together 0.5 (1 run at step 0)."
    ]


def test_the_largest_slopes_are_those_of_the_activations() -> None:
    limits = {"f' = 1": 1.0, "f' <= 1": 1.0, "f' <= 1/4": 0.25, "f' is 0 or 1": 1.0, "f' is 0.01 or 1": 1.0}
    for name, words in LARGEST_SLOPE.items():
        assert ACTIVATIONS[name].gamma == limits[words]
    assert set(ACTIVATIONS) - set(LARGEST_SLOPE) == {"gelu"}  # its largest slope, 1.129, is no number to remember


def test_the_horizon_beyond_the_longest_lag_is_not_a_number() -> None:
    def make(here: dict[str, Any]) -> dict[str, Any]:
        return {"longest_lag": 19} | ({"horizon": 7} if here["loss"] == "mse" else {})

    (found,) = lines({"loss": ["mse", "mae"], "seed": [0, 1]}, make, "horizon by loss")
    assert found.endswith("by loss, median: mse: 7 (2 runs); mae: beyond 19 (2 runs).")


def test_score_by_slope_is_a_rank_correlation() -> None:
    values = np.random.default_rng(0).permutation(20)

    def make(here: dict[str, Any]) -> dict[str, Any]:
        return accuracy(-float(values[here["seed"]])) | {"start": {"slope": -0.01 * float(values[here["seed"]])}}

    (found,) = lines({"seed": list(range(20))}, make, "score by slope")
    assert found.startswith("val/accuracy is lower in runs whose gradient changes more per lag at step 0: "
                            "rank correlation -1.00 (95 % interval -1.00 to -1.00, 20 runs)")  # fmt: skip


def test_the_best_is_scored_by_the_half_that_did_not_choose_it() -> None:
    def make(here: dict[str, Any]) -> dict[str, Any]:
        even, odd = (0.9, 0.5) if here["model.hidden"] == 8 else (0.6, 0.7)
        halves = {"even": {"val/accuracy": even}, "odd": {"val/accuracy": odd}}
        return accuracy((even + odd) / 2) | {"halves_of_validation": halves}

    (found,) = best(swept({"model.hidden": [8, 64]}, make, ""))
    assert text(found) == (
        "Best of 2 configurations, chosen by one half of the validation split: hidden=8; "
        "val/accuracy on the other half: 0.5 (1 run); any class: 0.25 on the whole split."
    )
    assert best(swept({"model.hidden": [8, 64]}, lambda _: accuracy(0.5), "")) == []  # records of earlier versions


def test_an_unknown_answer_of_a_later_version_is_answered_as_usual() -> None:
    whole = swept({"model.hidden": [8, 64]}, lambda _: accuracy(0.5), "beauty by model.hidden")
    assert [each.quantity for each in answers(whole)] == ["score"]
    assert spoken(whole)[0] == "why?"


@pytest.mark.parametrize("quantity", ANSWERS)
@pytest.mark.parametrize("axes", [{"seed": [0]}, {"init.gain": [0.5, None], "seed": [0, 1]}, {}])
def test_no_quantity_needs_what_a_record_may_lack(quantity: str, axes: dict[str, list[Any]]) -> None:
    for state in ("failed", "running", "diverged", "completed"):
        whole = swept(axes, lambda _, state=state: {"state": state}, quantity)
        found = answers(whole)
        assert all(each.lines for each in found)
        for each in found:
            if each.draw is not None:
                each.draw()
        answers(replace(whole, runs=[]))


UNIVERSAL = re.compile(r"\b(every|always|never|all|any|none|up to|at least|at most)\b(?! (updates|class))", re.I)
BEHIND = re.compile(r"\d+ (of \d+|runs?\b|pairs? of runs|differences|comparisons?|networks|values)|n = \d+|\(exact: ")


def full(here: dict[str, Any]) -> dict[str, Any]:
    """A run with all that a sentence can speak of; its numbers follow from the axes."""
    size = here["init.gain"] + 0.1 * here["seed"]
    moment = {"slope": -size, "slope_by_f": -size, "slope_by_W_h": 0.0, "regime": "vanishing", "longest_lag": 9}
    born = {"n": 10, "slopes": [-size] * 10, "regimes": {"vanishing": 10 - here["seed"], "stable": here["seed"]}}
    return {
        **accuracy(size / 10), **moment, "start": moment, "births": born, "horizon": 3 + here["seed"],
        "dependency": 8.0, "train": {"accuracy": 0.9},
        "references": {"bag of words": {"val/accuracy": 0.3, "seconds": 0.1}},
        "seconds_per_update": size / 100, **solved(50 if here["seed"] else None),
        "halves_of_validation": {half: {"val/accuracy": size / 10} for half in ("even", "odd")},
    }  # fmt: skip


AXES = (
    {"init.gain": [0.5, 1.0, 1.5, 2.0], "activation": ["tanh", "relu", "identity"], "seed": [0, 1, 2]},
    {"init.gain": [0.5, 1.0], "activation": ["tanh"], "seed": [0]},
)
ASKED = [f"{quantity}{by}" for quantity in ANSWERS for by in ("", " by init.gain", " by activation", " by slope")]


def sentences() -> list[str]:
    found = (swept(axes, full, asked) for axes in AXES for asked in ASKED)
    return sorted({line for whole in found for each in answers(whole) for line in each.lines})


def test_sentences_rest_on_a_number_of_runs_and_name_what_they_hold_for() -> None:
    found = sentences()
    assert len(found) >= 40
    bare = [line for line in found if not BEHIND.search(line)]
    assert [line for line in bare if "at the same sizes" not in line or UNIVERSAL.search(line)] == []
    assert [line for line in found if re.search(r"\bfrom \S+ on\b|\bup to\b|\bevery\b", line)] == []
