"""Sentences as word indices: tokens, vocabulary, left padding, and the bag of words that ignores their order."""

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor

from unrolled.config.schema import TaskConfig
from unrolled.rnn.init import stream

from .constants import of_all_classes, of_classes
from .data import Data, Guess, Later, Split, most_frequent
from .scores import Scores

MOST_FREQUENT = "most frequent class"
PAD, UNKNOWN = "<pad>", "<unk>"
FEW = 5  # words that a variant hides
PAIRS = [("love", "like"), ("good", "great"), ("bad", "awful"), ("good", "bad")]
_WORD = re.compile(r"\w+(?:'\w+)*")


def words_of(sentence: str) -> list[str]:
    """Lower-case words; an apostrophe inside a word belongs to it, other punctuation is dropped."""
    return _WORD.findall(sentence.lower().replace("\u2019", "'"))


def build_vocabulary(sentences: Sequence[Sequence[str]], min_count: int) -> list[str]:
    """<pad>, <unk>, then the words seen at least `min_count` times, most frequent first."""
    counts = Counter(word for sentence in sentences for word in sentence)
    kept = [word for word, n in counts.items() if n >= min_count]
    return [PAD, UNKNOWN, *sorted(kept, key=lambda word: (-counts[word], word))]


def tokens(sentences: Sequence[Sequence[str]], vocabulary: list[str], length: int) -> Tensor:
    """(N, length) int64: each sentence's last `length` words, padded on the left so that all end at the same step."""
    index = {word: i for i, word in enumerate(vocabulary)}
    unknown = index[UNKNOWN]
    padding = [index[PAD]] * length
    rows = [[index.get(word, unknown) for word in sentence[-length:]] for sentence in sentences]
    padded = [padding[len(row) :] + row for row in rows]
    return torch.tensor(padded, dtype=torch.int64).view(len(sentences), length)


def encode(sentences: Sequence[Sequence[str]], labels: Sequence[int], vocabulary: list[str], length: int) -> Split:
    """Sentences with a class each."""
    rows = tokens(sentences, vocabulary, length)
    return Split(rows, rows != 0, torch.tensor(labels))


def shuffled(split: Split, generator: Generator) -> Split:
    """The same words of each sentence in a random order; padding stays where it is."""
    assert split.mask is not None
    order = torch.rand(split.x.shape, generator=generator)
    order = order.masked_fill(~split.mask, -1.0).argsort(dim=1)
    return Split(split.x.gather(1, order), split.mask, split.y)


def with_noise(split: Split, share: float, generator: Generator) -> Split:
    """The same sentences with this share of their labels shuffled among themselves."""
    chosen = torch.randperm(len(split), generator=generator)[: round(share * len(split))]
    y = split.y.clone()
    y[chosen] = split.y[chosen[torch.randperm(len(chosen), generator=generator)]]
    return Split(split.x, split.mask, y)


def without(split: Split, n: int, first: bool) -> Split:
    """The first or the last n words of each sentence become the unknown word, where they stand."""
    assert split.mask is not None
    place = split.mask.cumsum(1) if first else split.mask.sum(1, keepdim=True) - split.mask.cumsum(1) + 1
    return Split(torch.where(split.mask & (place <= n), 1, split.x), split.mask, split.y)


def bag_of_words(train: Split, val: Split, vocabulary: int, classes: int) -> Guess:
    """Multinomial naive Bayes on word counts (scikit-learn): it cannot see order at all."""
    from sklearn.naive_bayes import MultinomialNB

    began = time.perf_counter()
    model = MultinomialNB().fit(_counts(train, vocabulary), train.y.numpy())
    answer = of_all_classes(model.predict_log_proba(_counts(val, vocabulary)), model.classes_, classes, len(train))
    return Guess(answer, seconds=time.perf_counter() - began)


def _counts(split: Split, vocabulary: int):
    """(N, V) sparse counts of the real words."""
    from scipy.sparse import coo_matrix

    assert split.mask is not None
    rows, _ = split.mask.nonzero(as_tuple=True)
    words = split.x[split.mask]
    ones = torch.ones(len(words))
    shape = (len(split), vocabulary)
    return coo_matrix((ones.numpy(), (rows.numpy(), words.numpy())), shape=shape).tocsr()


def classified(  # noqa: PLR0917
    config: TaskConfig,
    seed: int,
    train: tuple[Sequence[Sequence[str]], Sequence[int]],
    val: tuple[Sequence[Sequence[str]], Sequence[int]],
    classes: Sequence[str],
    scores: Callable[[], Scores],
) -> Data:
    """A sequence-to-vector task from sentences (as words) and their classes, with the options that such tasks share."""
    assert config.length is not None and config.min_count is not None
    length = config.length
    vocabulary = build_vocabulary(train[0], config.min_count)
    learnt, held = encode(*train, vocabulary, length), encode(*val, vocabulary, length)
    if config.samples is not None:
        learnt = _some(learnt, config.samples, stream(seed, "samples"))
    if config.shuffle_words:
        learnt, held = shuffled(learnt, stream(seed, "shuffle/train")), shuffled(held, stream(seed, "shuffle/val"))
    clean = learnt

    def bag() -> Guess:
        return bag_of_words(clean, held, len(vocabulary), len(classes))

    if config.label_noise:
        learnt = with_noise(learnt, config.label_noise, stream(seed, "label_noise"))
    return Data(
        "sequence_to_vector",
        learnt,
        held,
        vocabulary,
        list(classes),
        scores,
        most_frequent(learnt, held, len(classes)),
        MOST_FREQUENT,
        references={"bag of words": Later(bag)},
        variants={
            "words shuffled": shuffled(held, stream(seed, "shuffle/variant")),
            f"the first {FEW} words unknown": without(held, FEW, first=True),
            f"the last {FEW} words unknown": without(held, FEW, first=False),
        },
        encode=lambda text: encode([words_of(text)], [0], vocabulary, max(1, len(words_of(text)))).whole(),
        pairs=PAIRS,
        constants=of_classes(learnt, len(held), classes, scores(), MOST_FREQUENT),
    )


def _some(split: Split, n: int, generator: Generator) -> Split:
    rows = torch.randperm(len(split), generator=generator)[:n]
    assert split.mask is not None
    return Split(split.x[rows], split.mask[rows], split.y[rows])
