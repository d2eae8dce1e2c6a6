"""Each figure of a trivial baseline stands on the constant that is best for it, and every reference has its scores."""

import importlib.util
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar

import own_data
from conftest import Run, some
from unrolled.config.schema import LossConfig, plain
from unrolled.run.preflight import compose
from unrolled.tasks import OWN, TASKS, load
from unrolled.tasks.constants import best_number, best_shares
from unrolled.tasks.data import baseline_name, baseline_scores, score
from unrolled.tasks.text import bag_of_words, build_vocabulary, encode
from unrolled.training.losses import loss_of

MSE, MAE = LossConfig("mse"), LossConfig("mae")
HUBER = [LossConfig("huber", delta=delta) for delta in (0.05, 0.2, 1.0, 10.0)]
MEDIAN_OF_PRODUCT = 0.18668231  # x (1 - ln x) = 1/2, by Newton's method


def huber(off: np.ndarray, delta: float) -> np.ndarray:
    off = np.abs(off)
    return np.where(off < delta, off**2 / 2, delta * (off - delta / 2))


@pytest.mark.parametrize("loss", [MSE, MAE, *HUBER], ids=str)
def test_the_best_number_is_mean_median_or_found_by_search(loss: LossConfig) -> None:
    y = np.random.default_rng(0).gamma(0.7, size=1001)
    found = float(best_number(torch.tensor(y).unsqueeze(1), loss_of(loss)))
    if loss.delta is not None:
        delta = loss.delta
        search: Any = minimize_scalar(
            lambda c: huber(y - c, delta).mean(), bounds=(0, 5), method="bounded", options={"xatol": 1e-9}
        )
        assert found == pytest.approx(search.x, abs=1e-6)
    else:
        assert found == pytest.approx(y.mean() if loss.name == "mse" else np.median(y), abs=1e-9)


def test_each_of_several_numbers_has_its_own_constant() -> None:
    y = torch.randn(400, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * torch.tensor([1, 2, 30])
    torch.testing.assert_close(best_number(y, loss_of(MSE)), y.mean(0))


@pytest.mark.parametrize(
    ("task", "mean", "median", "variance"),
    [("adding", 1.0, 1.0, 1 / 6), ("multiplication", 1 / 4, MEDIAN_OF_PRODUCT, 7 / 144)],
)
def test_marked_numbers_are_answered_by_mean_and_median(task: str, mean: float, median: float, variance: float) -> None:
    config = compose([f"task={task}"])
    data = load(config.task, config.seed)
    assert data.constants is not None
    y = data.val.y.double()
    for loss in (MSE, MAE):
        expected = {"mse": mean, "mae": median, "loss": mean if loss is MSE else median}
        for figure, constant in expected.items():
            answer = data.constants(figure, loss_of(loss))[0].answer
            assert answer is not None and answer.shape == y.shape
            assert answer.unique().numel() == 1 and float(answer[0]) == pytest.approx(constant, abs=2e-4)
    found = baseline_scores(data, loss_of(MAE), "mae")
    assert found["val/mse"] == pytest.approx(variance)
    assert found["val/mae"] == found["val/loss"] == pytest.approx(float((y - median).abs().mean()), abs=1e-4)


def test_the_name_of_a_baseline_says_which_constant_stands_behind_which_figure() -> None:
    names = {}
    for task in ("adding", "multiplication"):
        data = load(compose([f"task={task}"]).task, 0)
        names[task] = [baseline_name(data, loss_of(loss)) for loss in (MSE, MAE)]
    assert names["adding"] == ["always 1", "always 1"]
    assert names["multiplication"] == ["always 0.25 (mse, loss), always 0.187 (mae)",
                                       "always 0.25 (mse), always 0.187 (loss, mae)"]  # fmt: skip


@settings(max_examples=30)
@given(st.lists(st.integers(0, 20), min_size=2, max_size=6), st.floats(0, 1))
def test_the_best_shares_are_those_of_a_search(counts: list[int], smoothing: float) -> None:
    p = np.array(counts, dtype=float) + (sum(counts) == 0)
    p /= p.sum()
    loss = loss_of(LossConfig("label_smoothing", smoothing=smoothing))

    def mean(logits: np.ndarray) -> float:
        answer = torch.tensor(logits).expand(len(p), -1)
        return float(loss(answer, torch.arange(len(p))) @ torch.tensor(p))

    found = best_shares(torch.tensor(p), loss).numpy()
    assert np.isfinite(found).all() and np.exp(found).sum() == pytest.approx(1)
    search = minimize(mean, np.log(p + 1e-3), method="BFGS", options={"gtol": 1e-7})
    assert mean(found) <= search.fun + 1e-7


NAMES = [name for name in TASKS if name != OWN]
FITTING = {"classes": ["cross_entropy", "label_smoothing"], "numbers": ["mse", "mae", "huber"]}


@pytest.mark.parametrize("name", some(NAMES, 2))
def test_every_figure_of_a_baseline_or_reference_is_finite(name: str) -> None:
    if not all(importlib.util.find_spec(package) for package in TASKS[name].needs):
        pytest.skip("its extra is not installed")
    small = {"numbers": ["task.samples=50"], "copy": ["task.delay=3"]}
    config = compose([f"task={name}", *small.get(name, []), *own_data.overrides(name)])
    data = load(config.task, config.seed)
    for loss_name in FITTING["classes" if isinstance(data.answers, list) else "numbers"]:
        loss = loss_of(LossConfig(loss_name, smoothing=0.1, delta=0.5))
        figures = [baseline_scores(data, loss, loss_name), *(score(g, data, loss) for g in data.references.values())]
        for each in figures:
            assert all(math.isfinite(value) for value in each.values()), (loss_name, each)
        for guess in [data.baseline, *data.references.values()]:
            assert guess.answer is None or torch.isfinite(guess.answer).all()


def test_the_baseline_of_copy_under_smoothing_is_the_least_that_a_constant_can_have() -> None:
    config = compose(["task=copy", "task.delay=5", "loss=label_smoothing"])
    data, loss = load(config.task, 0), loss_of(config.loss)
    s, C, T = plain(config)["loss"]["smoothing"], 9, 25
    blank = np.full(C, s / C)
    blank[8] += 1 - s
    symbol = np.r_[np.full(8, (1 - s) / 8), 0] + s / C
    expected = ((T - 10) * -(blank * np.log(blank)).sum() + 10 * -(symbol * np.log(symbol)).sum()) / T
    found = baseline_scores(data, loss, "label_smoothing")
    assert found["val/loss"] == pytest.approx(expected, rel=2e-3)  # 1,000 examples: symbols are not quite even


def test_a_detection_is_compared_with_always_crying_wolf() -> None:
    """Of the constants the F1 of the looked-for class is best for always naming it: 2p / (1 + p), not 0."""
    from unrolled.tasks.constants import of_classes
    from unrolled.tasks.data import Data
    from unrolled.tasks.scores import detection

    split = encode([["a"]] * 20, [1] * 4 + [0] * 16, build_vocabulary([["a"]], 1), 1)
    constants = of_classes(split, 20, ["ham", "spam"], detection(), "most frequent class")
    guess = constants("accuracy", loss_of(LossConfig("cross_entropy")))[0]
    data = Data("sequence_to_vector", split, split, ["a"], ["ham", "spam"], detection, guess, "", constants=constants)
    found = baseline_scores(data, loss := loss_of(LossConfig("cross_entropy")), "cross_entropy")
    p = 4 / 20
    assert found["val/accuracy"] == pytest.approx(1 - p)
    assert found["val/f1"] == pytest.approx(2 * p / (1 + p))
    assert found["val/loss"] == pytest.approx(-p * math.log(p) - (1 - p) * math.log(1 - p))
    assert baseline_name(data, loss) == "always spam (f1), most frequent class (loss, accuracy)"


@pytest.mark.parametrize("labels", [[0, 2, 0, 2], [0, 1, 0, 1], [1, 1, 1, 1], [2, 1, 2, 1]])
def test_a_bag_of_words_has_a_column_for_each_class(labels: list[int]) -> None:
    sentences = [["good"], ["bad"], ["good", "film"], ["bad", "film"]]
    vocabulary = build_vocabulary(sentences, 1)
    train = encode(sentences, labels, vocabulary, 3)
    answer = bag_of_words(train, encode([["good"], ["bad"]], [0, 1], vocabulary, 3), len(vocabulary), 3).answer
    assert answer is not None and answer.shape == (2, 3)
    assert answer.argmax(1).tolist() == labels[:2]
    torch.testing.assert_close(answer.exp().sum(1), torch.ones(2, dtype=torch.float64))


@pytest.mark.parametrize("samples", some([1, 2, 3, 4], 4))
@pytest.mark.parametrize("name", ["sentiment", "spam", "numbers"])
def test_a_handful_of_training_examples_is_enough(name: str, samples: int, quick_run: Run) -> None:
    if not all(importlib.util.find_spec(package) for package in TASKS[name].needs):
        pytest.skip("its extra is not installed")
    status = quick_run(f"task={name}", f"task.samples={samples}", "model.hidden=8", "trainer.max_steps=2", "probe=off")
    assert status["state"] == "completed"
    assert status["references"]
    for each in (status["baseline"], *status["references"].values()):
        assert all(value is not None and math.isfinite(value) for value in each.values())


BROKEN = """
import torch
from unrolled.tasks.data import Data, Guess, Split
from unrolled.tasks.scores import classification

def load(config, seed):
    split = Split(torch.rand(20, 3, 1), torch.ones(20, 3, dtype=torch.bool), torch.arange(20) % 2)
    return Data("sequence_to_vector", split, split, 1, ["a", "b"], lambda: classification(2), Guess(torch.zeros(20, 2)),
                "either", references={"broken": Guess(torch.zeros(7, 2)), "whole": Guess(torch.zeros(20, 2))})
"""


def test_a_reference_that_fails_is_a_line_and_no_result_is_lost(quick_run: Run, tmp_path, capsys) -> None:
    (tmp_path / "mine.py").write_text(BROKEN)
    status = quick_run("task=own", f"task.file={tmp_path / 'mine.py'}", "embedding=none", "model.hidden=4", "probe=off")
    assert status["state"] == "completed" and status["metrics"]["val/loss"] > 0
    assert status["references"]["broken"] == {"val/loss": None, "val/accuracy": None, "val/f1": None}
    assert status["references"]["whole"]["val/accuracy"] == 0.5
    assert "no scores of 'broken': ValueError" in capsys.readouterr().err
