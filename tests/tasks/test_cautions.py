"""Cautions about a user's data."""

from dataclasses import replace

import pytest
import torch

from unrolled.tasks.cautions import cautions
from unrolled.tasks.data import Data, Guess, Split, Stream
from unrolled.tasks.scores import classification, regression


def made(train: torch.Tensor, val: torch.Tensor, classes: bool = True) -> Data:
    """A task with these inputs, (N, T, E); the last step of the first sequence of each part is all that is read."""

    def split(x: torch.Tensor) -> Split:
        y = torch.arange(len(x)) % 2 if classes else torch.rand(len(x), 1)
        return Split(x, torch.ones(x.shape[:2], dtype=torch.bool), y)

    answers: list[str] | int = ["a", "b"] if classes else 1
    guess = Guess(torch.zeros(len(val), 2 if classes else 1))
    scores = (lambda: classification(2)) if classes else regression
    return Data("sequence_to_vector", split(train), split(val), train.shape[2], answers, scores, guess, "either")


def standard(n: int) -> torch.Tensor:
    return torch.randn(n, 5, 2, generator=torch.Generator().manual_seed(0))


def test_standardised_inputs_and_enough_examples_need_no_caution() -> None:
    assert cautions(made(standard(100), standard(40))) == []


@pytest.mark.parametrize(("mean", "sd"), [(1000.0, 300.0), (0.0, 50.0), (-4.0, 1.0)])
def test_inputs_of_another_scale_are_named(mean: float, sd: float) -> None:
    x = standard(100)
    x[..., 1] = x[..., 1] * sd + mean
    (line,) = cautions(made(x, x[:40]))
    assert line.startswith("input 1 has mean") and "scale inputs" in line


def test_a_validation_part_beyond_the_training_range_is_named() -> None:
    val = standard(40)
    val[3, 2, 0] = 20.0
    (line,) = cautions(made(standard(100), val))
    assert line.startswith("input 0 of the validation part runs from") and "to 20," in line


def test_values_under_a_mask_do_not_count() -> None:
    x = standard(100)
    x[:, 0] = 1e6
    mask = torch.ones(100, 5, dtype=torch.bool)
    mask[:, 0] = False
    split = Split(x, mask, torch.arange(100) % 2)
    guess = Guess(torch.zeros(100, 2))
    data = Data("sequence_to_vector", split, split, 2, ["a", "b"], lambda: classification(2), guess, "either")
    assert cautions(data) == []


@pytest.mark.parametrize("classes", [True, False])
def test_few_validation_examples_are_named(classes: bool) -> None:
    (line,) = cautions(made(standard(100), standard(100)[:5], classes))
    assert line.startswith("5 validation examples are few") and ("steps of 0.2" in line) == classes


def test_a_constant_input_is_within_its_range() -> None:
    assert cautions(made(torch.ones(50, 3, 1), torch.ones(40, 3, 1))) == []


def ragged(n: int, *, left: bool) -> torch.Tensor:
    """Sequences of 1 to 5 steps, with steps of zeros around them."""
    x, lengths = standard(n), 1 + torch.arange(n) % 5
    steps = torch.arange(5).flip(0) if left else torch.arange(5)
    x[steps >= lengths[:, None]] = 0
    return x


def test_padding_that_is_read_is_named() -> None:
    (line,) = cautions(made(ragged(100, left=False), ragged(40, left=False)))
    assert line.startswith("32 of 40 validation sequences end in zeros") and "unrolled.tasks.padded" in line
    assert cautions(made(ragged(100, left=True), ragged(40, left=True))) == []


@pytest.mark.parametrize(("name", "found"), [("<pad>", 1), ("[PAD]", 1), ("blank", 0)])
def test_a_token_for_padding_that_is_read_is_named(name: str, found: int) -> None:
    x = (ragged(40, left=False)[..., 0] != 0).long()
    split = Split(x, torch.ones_like(x, dtype=torch.bool), torch.arange(40) % 2)
    guess = Guess(torch.zeros(40, 2))
    data = Data("sequence_to_vector", split, split, [name, "a"], ["a", "b"], lambda: classification(2), guess, "either")
    lines = cautions(data)
    assert len(lines) == found and all("32 of 40 validation sequences end in padding tokens" in line for line in lines)


def test_generated_inputs_of_another_scale_are_named() -> None:
    data = made(standard(100), 1000 + standard(40))
    generated = Stream(lambda *_: data.val, 40, 0)
    (line,) = cautions(replace(data, train=generated))
    assert line.startswith("input 0 has mean 1000") or line.startswith("input 1 has mean 1000")
