"""The scores that torchmetrics lacks, on cases small enough for paper."""

import math

import pytest
import torch

from unrolled.rnn import Batch
from unrolled.rnn.decoding import END, START
from unrolled.tasks.averages import Skill
from unrolled.tasks.scores import WRITTEN_UNKNOWN, classification, detection, next_symbol, regression, writing

X = torch.zeros(1)


def written(*texts: list[int], length: int = 6) -> torch.Tensor:
    return torch.tensor([[*text, END, *[START] * (length - 1 - len(text))] for text in texts]).t()


def scored(bleu: bool, said: torch.Tensor, true: torch.Tensor) -> dict[str, float]:
    scores = writing(bleu)
    scores.update(said, Batch(X, None, true, true != START))
    return scores.compute()


def test_what_is_written_is_compared_token_by_token_and_as_a_whole() -> None:
    found = scored(False, written([5, 6], [5, 7, 8], [6, 5]), written([5, 6], [5, 6, 8], [5, 6, 7]))
    assert found["exact_match"] == pytest.approx(1 / 3)
    assert found["token_accuracy"] == pytest.approx((3 + 3 + 0) / (3 + 4 + 4))
    assert found["token_f1"] == pytest.approx((1 + 4 / 6 + 4 / 5) / 3)


def test_nothing_written_scores_nothing() -> None:
    found = scored(False, written([], []), written([5], [6]))
    assert (found["exact_match"], found["token_f1"]) == (0, 0)


def test_a_word_too_rare_to_learn_is_never_right() -> None:
    same = written([5, WRITTEN_UNKNOWN, 6])
    found = scored(False, same, same)
    assert found == {"token_accuracy": pytest.approx(3 / 4), "exact_match": 0.0, "token_f1": pytest.approx(4 / 6)}


def test_bleu_of_the_same_text_is_one_and_leaves_the_end_out() -> None:
    text = written([5, 6, 7, 8, 9])
    assert scored(True, text, text)["bleu"] == pytest.approx(1)
    assert scored(True, written([9, 8, 7, 6, 5]), text)["bleu"] == 0


def test_bits_are_logarithms_of_two() -> None:
    scores = next_symbol(4)
    true = torch.tensor([[0], [3]])
    scores.update(torch.zeros(2, 1, 4), Batch(X, None, true, torch.ones(2, 1).bool()))
    assert scores.compute()["bits"] == pytest.approx(2)


def test_only_answers_that_count_are_scored() -> None:
    said = torch.tensor([[[9.0, 0.0]], [[0.0, 9.0]]])
    scores = next_symbol(2)
    scores.update(said, Batch(X, None, torch.tensor([[0], [0]]), torch.tensor([[True], [False]])))
    assert scores.compute()["accuracy"] == 1


def test_f1_of_a_detection_is_that_of_the_second_class() -> None:
    said = torch.tensor([[0.1, 0.9], [0.8, 0.2], [0.4, 0.6], [0.9, 0.1]])
    scores = detection()
    scores.update(said, Batch(X, None, torch.tensor([1, 1, 0, 0]), None))
    assert scores.compute() == {"accuracy": 0.5, "f1": pytest.approx(2 * 1 / (2 + 1 + 1))}


def test_skill_is_what_is_left_of_the_references_error() -> None:
    scores = regression(skill=Skill(4.0))
    scores.update(torch.tensor([[1.0], [2.0]]), Batch(X, None, torch.tensor([[2.0], [2.0]]), None))
    assert scores.compute() == {"mse": 0.5, "mae": 0.5, "skill": pytest.approx(1 - 0.5 / 4)}
    scores.reset()
    scores.update(torch.tensor([[0.0]]), Batch(X, None, torch.tensor([[2.0]]), None))
    assert scores.compute()["skill"] == pytest.approx(0)


def test_a_perfect_classifier() -> None:
    scores = classification(3)
    scores.update(10 * torch.eye(3), Batch(X, None, torch.arange(3), None))
    assert scores.compute() == {"accuracy": 1, "f1": 1}
    assert not math.isnan(sum(scores.compute().values()))


def test_no_metric_waits_for_other_ranks() -> None:
    """Nor one inside of another: each rank validates the whole split, and at the end only the first is left."""
    from torchmetrics import MeanSquaredError
    from torchmetrics.wrappers import MinMaxMetric

    for scores in (
        classification(2),
        detection(),
        next_symbol(2),
        regression(skill=Skill(1.0), nested=MinMaxMetric(MeanSquaredError())),
    ):
        for metric in scores.metrics.values():
            assert not any(part.distributed_available_fn() for part in metric.modules())  # type: ignore[operator]


def test_nothing_written_where_nothing_was_to_be_written_is_right() -> None:
    assert scored(False, written([]), written([])) == {"token_accuracy": 1.0, "exact_match": 1.0, "token_f1": 1.0}
