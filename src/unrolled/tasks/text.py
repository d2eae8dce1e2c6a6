"""Sentences as word indices: tokens, vocabulary, left padding, and the bag of words that ignores their order."""

import re
from collections import Counter
from collections.abc import Sequence

import torch

from .data import Split, score_of

PAD, UNKNOWN = "<pad>", "<unk>"
_WORD = re.compile(r"\w+(?:'\w+)*")


def words_of(sentence: str) -> list[str]:
    """Lower-case words; an apostrophe inside a word belongs to it, other punctuation is dropped."""
    return _WORD.findall(sentence.lower().replace("\u2019", "'"))


def build_vocabulary(sentences: Sequence[Sequence[str]], min_count: int) -> list[str]:
    """<pad>, <unk>, then the words seen at least `min_count` times, most frequent first."""
    counts = Counter(word for sentence in sentences for word in sentence)
    kept = [word for word, n in counts.items() if n >= min_count]
    return [PAD, UNKNOWN, *sorted(kept, key=lambda word: (-counts[word], word))]


def encode(sentences: Sequence[Sequence[str]], labels: Sequence[int], vocabulary: list[str], length: int) -> Split:
    """Each sentence's last `length` words, padded on the left so that all end at the same step."""
    index = {word: i for i, word in enumerate(vocabulary)}
    unknown = index[UNKNOWN]
    rows = torch.zeros(len(sentences), length, dtype=torch.int64)
    for row, sentence in zip(rows, sentences, strict=True):
        last = [index.get(word, unknown) for word in sentence[-length:]]
        row[length - len(last) :] = torch.tensor(last)
    return Split(rows, rows != index[PAD], torch.tensor(labels))


def shuffled(split: Split, generator: torch.Generator) -> Split:
    """The same words of each sentence in a random order; padding stays where it is."""
    order = torch.rand(split.words.shape, generator=generator)
    order = order.masked_fill(~split.mask, -1.0).argsort(dim=1)
    return Split(split.words.gather(1, order), split.mask, split.label)


def bag_of_words(train: Split, val: Split, vocabulary: int) -> dict[str, float]:
    """The score of multinomial naive Bayes on word counts (scikit-learn): it cannot see order at all."""
    from sklearn.naive_bayes import MultinomialNB

    model = MultinomialNB().fit(_counts(train, vocabulary), train.label.numpy())
    return score_of(torch.from_numpy(model.predict_log_proba(_counts(val, vocabulary))), val.label)


def _counts(split: Split, vocabulary: int):
    """(N, V) sparse counts of the real words."""
    from scipy.sparse import coo_matrix

    rows, _ = split.mask.nonzero(as_tuple=True)
    words = split.words[split.mask]
    ones = torch.ones(len(words))
    shape = (len(split), vocabulary)
    return coo_matrix((ones.numpy(), (rows.numpy(), words.numpy())), shape=shape).tocsr()
