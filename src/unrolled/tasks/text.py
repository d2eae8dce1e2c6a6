"""Classification of sentences: words, vocabulary, left padding, and the bag-of-words baseline."""

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
FEW = 5  # words hidden in a perturbed validation split
PAIRS = [("love", "like"), ("good", "great"), ("bad", "awful"), ("good", "bad")]
_WORD = re.compile(r"\w+(?:'\w+)*")


def words_of(sentence: str) -> list[str]:
    """Returns the lower-case words; an apostrophe inside a word belongs to it, other punctuation is dropped."""
    return _WORD.findall(sentence.lower().replace("\u2019", "'"))


def build_vocabulary(sentences: Sequence[Sequence[str]], min_count: int) -> list[str]:
    """Returns <pad>, <unk>, then the words that occur at least `min_count` times, most frequent first."""
    counts = Counter(word for sentence in sentences for word in sentence)
    kept = [word for word, n in counts.items() if n >= min_count]
    return [PAD, UNKNOWN, *sorted(kept, key=lambda word: (-counts[word], word))]


def tokens(sentences: Sequence[Sequence[str]], vocabulary: list[str], length: int) -> Tensor:
    """Returns the indices of each sentence's last `length` words, int64 (N, length), padded on the left."""
    index = {word: i for i, word in enumerate(vocabulary)}
    unknown = index[UNKNOWN]
    padding = [index[PAD]] * length
    rows = [[index.get(word, unknown) for word in sentence[-length:]] for sentence in sentences]
    padded = [padding[len(row) :] + row for row in rows]
    return torch.tensor(padded, dtype=torch.int64).view(len(sentences), length)


def encode(sentences: Sequence[Sequence[str]], labels: Sequence[int], vocabulary: list[str], length: int) -> Split:
    """Returns sentences with a class each as a split. length: number of time steps."""
    rows = tokens(sentences, vocabulary, length)
    return Split(rows, rows != 0, torch.tensor(labels))


def shuffled(split: Split, generator: Generator) -> Split:
    """Returns the split with the words of each sentence in random order; padding keeps its place."""
    assert split.mask is not None
    order = torch.rand(split.x.shape, generator=generator)
    order = order.masked_fill(~split.mask, -1.0).argsort(dim=1)
    return Split(split.x.gather(1, order), split.mask, split.y)


def with_noise(split: Split, share: float, generator: Generator) -> Split:
    """Returns the split with a share of its labels permuted among themselves."""
    chosen = torch.randperm(len(split), generator=generator)[: round(share * len(split))]
    y = split.y.clone()
    y[chosen] = split.y[chosen[torch.randperm(len(chosen), generator=generator)]]
    return Split(split.x, split.mask, y)


def without(split: Split, n: int, first: bool) -> Split:
    """Returns the split with the first or the last n words of each sentence replaced by the unknown word."""
    assert split.mask is not None
    place = split.mask.cumsum(1) if first else split.mask.sum(1, keepdim=True) - split.mask.cumsum(1) + 1
    return Split(torch.where(split.mask & (place <= n), 1, split.x), split.mask, split.y)


def bag_of_words(train: Split, val: Split, vocabulary: int, classes: int) -> Guess:
    """Returns the predictions of multinomial naive Bayes on word counts, which ignores word order.

    vocabulary: number of words.
    classes: number of classes.
    """
    from sklearn.naive_bayes import MultinomialNB

    began = time.perf_counter()
    model = MultinomialNB().fit(_counts(train, vocabulary), train.y.numpy())
    answer = of_all_classes(model.predict_log_proba(_counts(val, vocabulary)), model.classes_, classes, len(train))
    return Guess(answer, seconds=time.perf_counter() - began)


def _counts(split: Split, vocabulary: int):
    """Returns the sparse counts of the unmasked words, (N, V)."""
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
    """Returns a sequence-to-vector task, with the options that all classifications of sentences have.

    train, val: sentences, as words, and their classes.
    classes: names of the classes.
    scores: makes the scores, empty.
    """
    assert config.length is not None and config.min_count is not None
    length = config.length
    vocabulary = build_vocabulary(train[0], config.min_count)
    train_split, val_split = encode(*train, vocabulary, length), encode(*val, vocabulary, length)
    if config.samples is not None:
        train_split = _some(train_split, config.samples, stream(seed, "samples"))
    if config.shuffle_words:
        train_split, val_split = (
            shuffled(train_split, stream(seed, "shuffle/train")),
            shuffled(val_split, stream(seed, "shuffle/val")),
        )
    clean = train_split

    def bag() -> Guess:
        return bag_of_words(clean, val_split, len(vocabulary), len(classes))

    if config.label_noise:
        train_split = with_noise(train_split, config.label_noise, stream(seed, "label_noise"))
    return Data(
        "sequence_to_vector",
        train_split,
        val_split,
        vocabulary,
        list(classes),
        scores,
        most_frequent(train_split, val_split, len(classes)),
        MOST_FREQUENT,
        references={"bag of words": Later(bag)},
        variants={
            "words shuffled": shuffled(val_split, stream(seed, "shuffle/variant")),
            f"the first {FEW} words unknown": without(val_split, FEW, first=True),
            f"the last {FEW} words unknown": without(val_split, FEW, first=False),
        },
        encode=lambda text: encode([words_of(text)], [0], vocabulary, max(1, len(words_of(text)))).whole(),
        pairs=PAIRS,
        constants=of_classes(train_split, len(val_split), classes, scores(), MOST_FREQUENT),
    )


def _some(split: Split, n: int, generator: Generator) -> Split:
    rows = torch.randperm(len(split), generator=generator)[:n]
    assert split.mask is not None
    return Split(split.x[rows], split.mask[rows], split.y[rows])
