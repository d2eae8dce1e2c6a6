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
        "hidden 64 is better than hidden 4: +0.600 val/accuracy (95 % interval +0.600 to +0.600, 3 pairs of runs).",
        "val/accuracy (higher is better) by hidden: 4: 0.20 (0.00 to 0.45, 3 runs); 64: 0.80 (0.55 to 1.00, 3 runs); "
        "any class: 0.25.",
    ]  # fmt: skip


def test_only_runs_that_differ_in_nothing_else_are_compared() -> None:
    """Size makes a difference of 10; shuffling one of .1 in each size: without pairs it would be lost in the sizes."""

    def make(here: dict[str, Any]) -> dict[str, Any]:
        return accuracy(here["model.hidden"] * 10 + 0.1 * here["task.shuffle_words"] + 0.001 * here["seed"] ** 2)

    axes = {"task.shuffle_words": [False, True], "model.hidden": [1, 2], "seed": [0, 1, 2]}
    verdict, means = lines(axes, make, "score by task.shuffle_words")
    assert "False: 15 (from 10 to 20 in 6 runs of 2 configurations)" in means
    assert verdict.startswith("shuffle_words True is better than shuffle_words False: +0.1")


def test_along_three_numbers_the_course_is_the_headline() -> None:
    def make(here: dict[str, Any]) -> dict[str, Any]:
        return accuracy(here["model.hidden"] / 100 + 0.01 * here["seed"])

    course, verdict = lines({"model.hidden": [4, 16, 64], "seed": [0, 1, 2]}, make, "score by model.hidden")
    assert course.startswith("val/accuracy (higher is better) by hidden: 4: 0.050 (")
    assert verdict.startswith("hidden 64 is better than hidden 4: +0.600 val/accuracy")


def test_words_are_compared_pair_by_pair() -> None:
    at = {"relu": 0.9, "tanh": 0.5, "gelu": 0.5}
    noise = [0.0, 0.01, -0.01, 0.02]

    def make(here: dict[str, Any]) -> dict[str, Any]:
        return accuracy(at[here["activation"]] + noise[(here["seed"] * len(here["activation"]) + 1) % 4])

    verdict, _ = lines({"activation": list(at), "seed": [0, 1, 2, 3]}, make, "score by activation")
    assert verdict.startswith("val/accuracy: relu better than tanh by 0.") and "relu better than gelu by 0." in verdict
    assert verdict.endswith("(certain with 95 % intervals that hold together; 3 differences, 4 pairs of runs each).")
    assert "tanh better" not in verdict and "gelu better" not in verdict


def test_a_run_without_a_value_is_counted() -> None:
    def make(here: dict[str, Any]) -> dict[str, Any]:
        return {"state": "diverged"} if here["init.gain"] == 9 else accuracy(0.5)

    *_, last = lines({"init.gain": [1, 9], "seed": [0, 1]}, make, "score by init.gain")
    assert last == "2 runs of 4 without a value (diverged, or without one) not counted."


def test_training_scores_beside_validation() -> None:
    def make(here: dict[str, Any]) -> dict[str, Any]:
        return accuracy(0.35 - 0.2 * here["task.label_noise"] + 0.01 * here["seed"]) | {"train": {"accuracy": 0.955}}

    axes = {"task.label_noise": [0.0, 0.45, 1.0], "seed": [-1, 0, 1]}
    assert lines(axes, make, "training score by task.label_noise") == [
        "label_noise 0.0: accuracy 0.955 (0.955 to 0.955, 3 runs) on training examples, "
        "0.350 (0.325 to 0.375, 3 runs) on validation (both better than the trivial baseline); "
        "label_noise 0.45: accuracy 0.955 (0.955 to 0.955, 3 runs) on training examples, "
        "0.260 (0.235 to 0.285, 3 runs) on validation (on training better than the trivial baseline, on validation not "
        "certainly different from it); label_noise 1.0: accuracy 0.955 (0.955 to 0.955, 3 runs) on training examples, "
        "0.150 (0.125 to 0.175, 3 runs) on validation (on training better than the trivial baseline, on validation "
        "worse than it); any class: 0.25."
    ]
    (few,) = lines({"task.label_noise": [0.0], "seed": [0]}, make, "training score by task.label_noise")
    assert (
        few
        == "label_noise 0.0: accuracy 0.955 (1 run) on training examples, 0.35 (1 run) on validation; any class: 0.25."
    )


def solved(at: int | None, **more: Any) -> dict[str, Any]:
    return {"solved": {"score": "val/accuracy", "value": 0.99, "at": at}, **more}


def test_share_solved_by_an_axis() -> None:
    def make(here: dict[str, Any]) -> dict[str, Any]:
        return solved(50 if here["activation"] == "relu" else None)

    assert lines({"activation": ["relu", "sigmoid"], "seed": list(range(6))}, make, "share solved by activation") == [
        "relu solves the task more often than sigmoid; runs that solved the task by activation (with Wilson's 95 % "
        "interval): relu: 6 of 6, 0.61 to 1.00; sigmoid: 0 of 6, 0.00 to 0.39 "
        "(Fisher's exact test, 1 comparison, 5 % level)."
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
        "Better than the trivial baseline in all runs: 2 of 3 (caption, 1 run; sentiment, 1 run); "
        "also better than the strongest other model: 1 of 3 (caption, 1 run)."
    )
    assert rest[1] == (
        "sentiment: val/accuracy 0.6 (1 run); any class: 0.25, beaten by 1 of 1; bag of words: 0.76, beaten by 0 of 1."
    )


def test_a_reference_that_is_worse_than_the_trivial_baseline_is_not_beaten_alone() -> None:
    def make(_: dict[str, Any]) -> dict[str, Any]:
        return accuracy(0.2) | {"references": {"nearest example": {"val/accuracy": 0.1}}}

    headline, line, _ = lines({"task": ["forecast", "other"]}, make, "baselines by task")
    assert headline == (
        "Better than the trivial baseline in all runs: 0 of 2; also better than the strongest other model: 0 of 2."
    )
    assert "any class: 0.25, beaten by 0 of 1; nearest example: 0.1, beaten by 1 of 1" in line


def test_seconds_by_length_with_their_power() -> None:
    def make(here: dict[str, Any]) -> dict[str, Any]:
        return {"seconds_per_update": 2e-3 * here["task.length"] ** 0.5, "steps": 100}

    axes = {"task.length": [10, 20, 40, 80]}
    headline, growth = lines(axes, make, "seconds by task.length")
    assert headline.startswith("Seconds of all updates by length: 10: 0.632 (1 run); 20: 0.894 (1 run)")
    assert growth.startswith("At length 10, 20, 40 and 80 the time grows as length to the power 0.5")
    _, flat = lines(axes, lambda here: make({"task.length": 10 + here["task.length"] % 30}), "seconds by task.length")
    assert flat.startswith("At length 10, 20, 40 and 80 no growth of the time with length is certain: power ")


def test_two_lengths_have_their_seconds_first() -> None:
    def make(here: dict[str, Any]) -> dict[str, Any]:
        reference = {"bag of words": {"seconds": 0.01 * here["task.length"]}}
        return {"seconds_per_update": 1e-3 * here["task.length"], "steps": 100, "references": reference}

    assert lines({"task.length": [10, 20]}, make, "seconds by task.length") == [
        "Seconds of all updates by length: 10: 1 (1 run); 20: 2 (1 run); bag of words: 0.1 to 0.2 at these values."
    ]


def test_the_change_of_the_slope_by_training() -> None:
    """A share of 6 of 6 has Wilson's interval .61 to 1, which leaves out one half; 3 of 6 has not."""
    change = {"tanh": [-0.1, -0.2, -0.3, 0.1, 0.2, 0.3], "sigmoid": [1, 2, 3, 4, 5, 6], "relu": [-1] * 6}

    def make(here: dict[str, Any]) -> dict[str, Any]:
        return {"start": {"slope": -0.5}, "slope": -0.5 + change[here["activation"]][here["seed"]]}

    (found,) = lines({"activation": list(change), "seed": list(range(6))}, make, "change of slope by activation")
    assert found == (
        "Training raises the slope with sigmoid (higher in 6 of 6 runs, 0.61 to 1.00; from +1 to +6 nats per lag); "
        "training lowers the slope with relu (higher in 0 of 6 runs, 0.00 to 0.39; by -1 nats per lag); "
        "training changes the slope in no certain direction with tanh (higher in 3 of 6 runs, 0.19 to 0.81; "
        "from -0.3 to +0.3 nats per lag)."
    )


def test_why() -> None:
    def make(_: dict[str, Any]) -> dict[str, Any]:
        return {"start": {"slope": math.log(0.5), "slope_by_f": math.log(0.25), "slope_by_W_h": math.log(2)}}

    assert lines({"activation": ["sigmoid"]}, make, "why by activation") == [
        "sigmoid: at each step back f' multiplies the gradient by 0.25 (f' <= 1/4) and W_h, along the gradient, by 2; "
        "together 0.5 (1 run at step 0)."
    ]


def test_the_factors_of_runs_that_differ_have_their_range() -> None:
    """Geometric means: sqrt(.25 x .16) = .2 and sqrt(2 x .5) = 1."""

    def make(here: dict[str, Any]) -> dict[str, Any]:
        by_f, by_w = ((0.25, 2.0), (0.16, 0.5))[here["seed"]]
        slope = math.log(by_f * by_w)
        return {"start": {"slope": slope, "slope_by_f": math.log(by_f), "slope_by_W_h": math.log(by_w)}}

    assert lines({"activation": ["sigmoid"], "seed": [0, 1]}, make, "why by activation") == [
        "sigmoid: at each step back f' multiplies the gradient by 0.2 (from 0.16 to 0.25; f' <= 1/4) and W_h, along "
        "the gradient, by 1 (from 0.5 to 2); together 0.2 (from 0.08 to 0.5) (2 runs at step 0)."
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
    assert found.endswith("by loss: mse: 7 and 7 (2 runs); mae: beyond 19 and beyond 19 (2 runs).")
    (found,) = lines({"loss": ["mse", "mae"], "seed": [0, 1, 2]}, make, "horizon by loss")
    assert found.endswith("by loss: mse: median 7 (3 runs); mae: median beyond 19 (3 runs).")


def test_score_by_slope_is_a_rank_correlation() -> None:
    values = np.random.default_rng(0).permutation(20)

    def make(here: dict[str, Any]) -> dict[str, Any]:
        return accuracy(-float(values[here["seed"]])) | {"start": {"slope": -0.01 * float(values[here["seed"]])}}

    (found,) = lines({"seed": list(range(20))}, make, "score by slope")
    assert found.startswith("val/accuracy is lower in runs whose gradient changes more per lag at step 0: "
                            "rank correlation -1.00 (95 % interval -1.00 to -1.00, 20 runs)")  # fmt: skip


def test_seeds_of_one_configuration_count_once_in_a_rank_correlation() -> None:
    """10 configurations in perfect order with a swap; Fieller's interval for n = 10, whatever the number of seeds."""
    ranks = [1, 0, *range(2, 10)]
    rho = 1 - 6 * 2 / (10 * 99)
    half = 1.959964 * math.sqrt(1.06 / 7)
    low, high = np.tanh(np.arctanh(rho) - half), np.tanh(np.arctanh(rho) + half)

    def make(here: dict[str, Any]) -> dict[str, Any]:
        return accuracy(float(ranks[here["init.gain"]])) | {"start": {"slope": -0.1 * here["init.gain"]}}

    (found,) = lines({"init.gain": list(range(10)), "seed": [0, 1, 2]}, make, "score by slope")
    assert (
        f"rank correlation +{rho:.2f} (95 % interval +{low:.2f} to +{high:.2f}, 30 runs of 10 configurations)" in found
    )


def test_updates_by_slope_begin_with_how_many_solved_and_how_many_diverged() -> None:
    at = {0.5: [100, 2000], 1.0: [50, None], 9.0: [None, None]}

    def make(here: dict[str, Any]) -> dict[str, Any]:
        more = {"state": "diverged"} if here["init.gain"] == 9 else {"steps": 4000}
        return solved(at[here["init.gain"]][here["seed"]], **more)

    headline, extremes, *_ = lines({"init.gain": list(at), "seed": [0, 1]}, make, "updates by slope")
    assert headline == (
        "At gain 0.5, 1.0 and 9.0: 3 of 6 runs, 0.19 to 0.81, solved the task after 50 to 2,000 updates; "
        "1 run did not within 4,000 updates; 2 of 6, 0.10 to 0.70, diverged before they solved it."
    )
    assert extremes.startswith("Fewest updates until solved: gain=1.0, median ")


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
