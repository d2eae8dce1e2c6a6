"""The helpers for the file of an own task, each against a loop or scikit-learn's own answer."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.utils.rnn import pad_sequence

from unrolled import tasks
from unrolled.errors import UserError
from unrolled.tasks import helpers, padded, scaled, split, tokens, vocabulary, windows, words_of
from unrolled.tasks.data import Split


def test_helpers_are_imported_at_their_first_use() -> None:
    code = (
        "import sys, unrolled.tasks as tasks\n"
        "print('torch' in sys.modules, 'sklearn' in sys.modules)\n"
        "print(all(callable(getattr(tasks, name)) for name in tasks.HELPERS), hasattr(tasks, 'no_such'))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.stdout.split(), ended.stderr) == (["False", "False", "True", "False"], "")
    assert sorted(tasks.HELPERS) == sorted(helpers.__all__)
    for name in tasks.HELPERS:
        assert getattr(tasks, name) is getattr(helpers, name) and getattr(helpers, name).__doc__


@given(st.lists(st.integers(1, 7), min_size=1, max_size=8), st.booleans(), st.sampled_from([None, 1, 3, 9]))
def test_sequences_are_padded_as_torch_pads_them(lengths: list[int], numbers: bool, length: int | None) -> None:
    generator = torch.Generator().manual_seed(0)
    every = [torch.rand(t, 2, generator=generator) if numbers else torch.randint(1, 9, (t,)) for t in lengths]
    x, mask = padded([each.numpy() for each in every], length)
    kept = [each[-(length or 99) :] for each in every]
    theirs = pad_sequence(kept, batch_first=True, padding_side="left")
    T = length or max(lengths)
    assert x.shape[:2] == mask.shape == (len(lengths), T)
    assert torch.equal(x[:, T - theirs.shape[1] :], theirs) and not x[:, : T - theirs.shape[1]].any()
    for row, each in zip(mask, kept, strict=True):
        assert row.tolist() == [False] * (T - len(each)) + [True] * len(each)
    assert x.dtype == (torch.float32 if numbers else torch.int64) and mask.dtype == torch.bool


def test_numbers_of_one_column_and_tensors_are_padded_too() -> None:
    x, mask = padded([[0.5, 1.5], torch.tensor([2.5])])
    assert x.tolist() == [[[0.5], [1.5]], [[0.0], [2.5]]] and mask.tolist() == [[True, True], [False, True]]


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: padded([]), "no sequence"),
        (lambda: padded([[1, 2], []]), r"sequence 1 has the shape \(0,\)"),
        (lambda: padded([[1, 2], [0.5]]), "sequence 1 has numbers, 1 a step, and sequence 0 tokens"),
        (lambda: padded([[[0.5, 1]], [[0.5]]]), "sequence 1 has numbers, 1 a step, and sequence 0 numbers, 2 a step"),
        (lambda: padded([["a", "b"]]), "sequence 0 is <U1; allowed: numbers"),
        (lambda: padded([[1]], 0), "length is 0"),
        (lambda: split(10, share=1.0), "share is 1.0"),
        (lambda: split(10, labels=[0] * 9), "labels has 9 values; allowed: 10"),
        (lambda: split(10, labels=[0] * 10, groups=[0] * 10), "labels and groups are given"),
        (lambda: split(10, groups=["a"] * 10), "1 groups; allowed: 2 or more"),
        (lambda: split(1), "1 examples; allowed: 2 or more"),
        (lambda: windows(np.arange(5.0), 5), "no window of 5 rows in 5 rows with horizon 1"),
        (lambda: windows(np.arange(5.0), 0), "window is 0 and horizon 1"),
    ],
)
def test_a_mistake_is_one_line(call: Any, why: str) -> None:
    with pytest.raises(UserError, match=why) as error:
        call()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("as_tensor", [False, True])
def test_a_split_has_each_example_once_and_each_class_in_its_share(as_tensor: bool) -> None:
    labels: Any = [0] * 80 + [1] * 20
    train, val = split(100, labels=torch.tensor(labels) if as_tensor else labels)
    assert sorted([*train.tolist(), *val.tolist()]) == list(range(100))
    assert [sum(labels[i] == c for i in val.tolist()) for c in (0, 1)] == [16, 4]
    assert torch.equal(val, split(100, labels=labels)[1])
    assert not torch.equal(val, split(100, labels=labels, seed=1)[1])


@given(st.lists(st.integers(0, 5), min_size=4, max_size=30).filter(lambda groups: len(set(groups)) > 1))
def test_groups_stay_whole(groups: list[int]) -> None:
    train, val = split(len(groups), groups=groups, share=0.3)
    assert not {groups[i] for i in train.tolist()} & {groups[i] for i in val.tolist()}
    assert sorted([*train.tolist(), *val.tolist()]) == list(range(len(groups)))


def test_the_scale_is_that_of_the_training_steps_alone() -> None:
    draws = np.random.default_rng(0)
    train, val = draws.normal(1000, 300, (50, 4, 2)), draws.normal(0, 1, (10, 4, 2))
    mask = torch.from_numpy(draws.random((50, 4)) < 0.7)
    train[..., 1] = 5.0
    a, b = scaled(train, val, mask)
    kept = train[mask.numpy()]
    np.testing.assert_allclose(a[..., 0], (train[..., 0] - kept[:, 0].mean()) / kept[:, 0].std(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(b[..., 0], (val[..., 0] - kept[:, 0].mean()) / kept[:, 0].std(), rtol=1e-5, atol=1e-5)
    assert not a[..., 1].any() and a.dtype == b.dtype == torch.float32  # what never varies becomes 0
    y, _ = scaled(train[:, 0], val[:, 0])
    assert float(y[:, 0].mean()) == pytest.approx(0, abs=1e-5)


def test_words_become_places_in_the_vocabulary() -> None:
    sentences = [words_of(text) for text in ("It's a film, a good one.", "a bad film")]
    names = vocabulary(sentences)
    assert names == ["<pad>", "<unk>", "a", "film", "bad", "good", "it's", "one"]
    assert vocabulary(sentences, 2) == ["<pad>", "<unk>", "a", "film"]
    assert tokens([["a", "good", "dog"], ["film"], []], names, 2).tolist() == [[5, 1], [0, 3], [0, 0]]


@given(st.integers(1, 5), st.integers(1, 3), st.integers(0, 12))
def test_windows_read_and_forecast_what_a_loop_does(window: int, horizon: int, since: int) -> None:
    values = np.arange(24.0).reshape(12, 2)
    places = [i for i in range(12) if i + window - 1 + horizon < 12 and i + window - 1 + horizon >= since]
    if not places:
        with pytest.raises(UserError, match="no window"):
            windows(values, window, horizon, since=since)
        return
    x, y = windows(values, window, horizon, since=since)
    assert x.tolist() == [values[i : i + window].tolist() for i in places]
    assert y.tolist() == [values[i + window - 1 + horizon].tolist() for i in places]


def test_parts_of_a_series_leak_nothing() -> None:
    values, cut = np.arange(20.0), 15
    (x, y), (_, val) = windows(values[:cut], 4), windows(values, 4, since=cut)
    assert float(torch.cat([x.flatten(), y.flatten()]).max()) < cut <= float(val.min())
    assert Split(x, torch.ones(x.shape[:2], dtype=torch.bool), y).y.shape == (11, 1)
