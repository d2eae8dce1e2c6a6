from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unrolled.tasks.text import (
    PAD,
    UNKNOWN,
    UNKNOWN_TOKEN,
    bag_of_words,
    build_vocabulary,
    encode,
    with_noise,
    words_of,
)
from unrolled.tasks.variants import shuffled, without

words = st.lists(st.sampled_from(["love", "like", "not", "film", "a"]), min_size=1, max_size=12)


def test_words_are_lower_case_without_punctuation() -> None:
    assert words_of("I DON'T like it -- at all! 2nd \u201crate\u201d, isn\u2019t it?") == [
        "i", "don't", "like", "it", "at", "all", "2nd", "rate", "isn't", "it",
    ]  # fmt: skip


def test_the_vocabulary_is_ordered_by_frequency_then_alphabet() -> None:
    sentences = [["b", "a", "c"], ["b", "a"], ["b"]]
    assert build_vocabulary(sentences, min_count=1) == [PAD, UNKNOWN, "b", "a", "c"]
    assert build_vocabulary(sentences, min_count=2) == [PAD, UNKNOWN, "b", "a"]


@settings(max_examples=50)
@given(st.lists(words, min_size=1, max_size=5), st.integers(1, 15))
def test_encoding_keeps_the_last_words_at_the_right_end(sentences: list[list[str]], length: int) -> None:
    vocabulary = build_vocabulary(sentences, 1)
    split = encode(sentences, [0] * len(sentences), vocabulary, length)
    assert split.mask is not None
    for row, mask, sentence in zip(split.x, split.mask, sentences, strict=True):
        kept = [vocabulary[i] for i in row[mask].tolist()]
        assert kept == sentence[-length:]
        assert mask.tolist() == sorted(mask.tolist())  # padding only on the left
        assert len(row) == length


def test_a_word_never_seen_in_training_is_the_unknown_one() -> None:
    split = encode([["zebra"]], [0], build_vocabulary([["a"]], 1), 2)
    assert split.x.tolist() == [[0, 1]]
    assert split.mask is not None
    assert split.mask.tolist() == [[False, True]]


@settings(max_examples=50)
@given(st.lists(words, min_size=1, max_size=5), st.integers(0, 100))
def test_shuffling_keeps_the_words_and_the_padding(sentences: list[list[str]], seed: int) -> None:
    split = encode(sentences, [0] * len(sentences), build_vocabulary(sentences, 1), 12)
    mixed = shuffled(split, torch.Generator().manual_seed(seed))
    assert split.mask is not None and mixed.mask is not None
    assert torch.equal(mixed.mask, split.mask)
    for before, after in zip(split.x.tolist(), mixed.x.tolist(), strict=True):
        assert Counter(before) == Counter(after)
    assert torch.equal(mixed.x != 0, split.mask)


def test_shuffling_does_change_the_order() -> None:
    split = encode([[str(i) for i in range(20)]], [0], build_vocabulary([[str(i) for i in range(20)]], 1), 25)
    mixed = shuffled(split, torch.Generator().manual_seed(0))
    assert not torch.equal(mixed.x, split.x)


def test_a_bag_of_words_does_not_see_order() -> None:
    sentences = [["good", "film"], ["bad", "film"], ["very", "bad"], ["so", "good"]]
    train = encode(sentences, [0, 1, 1, 0], vocabulary := build_vocabulary(sentences, 1), 5)
    turned = encode([s[::-1] for s in sentences], [0, 1, 1, 0], vocabulary, 5)
    found, again = (bag_of_words(train, split, len(vocabulary), 2).answer for split in (train, turned))
    assert found is not None and again is not None
    assert torch.equal(found, again)
    assert found.argmax(1).tolist() == [0, 1, 1, 0]


@settings(max_examples=50)
@given(st.lists(words, min_size=1, max_size=5), st.integers(1, 6), st.booleans())
def test_hidden_words_become_the_unknown_one_where_they_stand(sentences: list[list[str]], n: int, first: bool) -> None:
    vocabulary = build_vocabulary(sentences, 1)
    hidden = without(encode(sentences, [0] * len(sentences), vocabulary, 12), n, UNKNOWN_TOKEN, first=first)
    assert hidden.mask is not None
    for row, mask, sentence in zip(hidden.x, hidden.mask, sentences, strict=True):
        k = min(n, len(sentence))
        left = [UNKNOWN] * k + sentence[k:] if first else sentence[: len(sentence) - k] + [UNKNOWN] * k
        assert [vocabulary[i] for i in row[mask].tolist()] == left


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_noise_shuffles_a_share_of_the_labels_among_themselves(share: float) -> None:
    labels = [0, 1, 2, 3] * 250
    clean = encode([["a"]] * 1000, labels, build_vocabulary([["a"]], 1), 1)
    noisy = with_noise(clean, share, torch.Generator().manual_seed(1))
    assert torch.equal(noisy.y.sort().values, clean.y.sort().values)
    # Of the shuffled ones a quarter gets its own class back by chance.
    assert float((noisy.y != clean.y).double().mean()) == pytest.approx(0.75 * share, abs=0.04)
