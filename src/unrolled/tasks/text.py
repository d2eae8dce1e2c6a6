"""Classification of sentences: words, vocabulary, left padding, and the bag-of-words baseline."""

import re
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Generator, Tensor

from unrolled.config.schema import TaskConfig
from unrolled.rnn.init import stream

from .averages import Skill
from .compact import Compact
from .constants import of_all_classes, of_classes, of_numbers
from .data import Data, Guess, Later, Split, most_frequent
from .gathered import gathered
from .scores import Scores, regression
from .tables.cheap import named, ridge_on
from .tables.padding import to_the_left
from .units import Units
from .variants import enough_of, shuffled, some, without

MOST_FREQUENT = "most frequent class"
MEAN = "mean of the training part"
PAD, UNKNOWN = "<pad>", "<unk>"
UNKNOWN_TOKEN = 1  # the place of UNKNOWN in a vocabulary
FEW = 5  # words hidden in a perturbed validation split
PAIRS = [("love", "like"), ("good", "great"), ("bad", "awful"), ("good", "bad")]
Pieces = Callable[[str], list[str]]
Sentences = Sequence[Sequence[str]]
_WORD = re.compile(r"\w+(?:'\w+)*")


def words_of(sentence: str) -> list[str]:
    """Returns the lower-case words; an apostrophe inside a word belongs to it, other punctuation is dropped."""
    return _WORD.findall(sentence.lower().replace("\u2019", "'"))


def build_vocabulary(sentences: Sequence[Sequence[str]], min_count: int) -> list[str]:
    """Returns <pad>, <unk>, then the words that occur at least `min_count` times, most frequent first."""
    counts = Compact.of(sentences).counts()
    kept = [word for word, n in counts.items() if n >= min_count]
    return [PAD, UNKNOWN, *sorted(kept, key=lambda word: (-counts[word], word))]


def tokens(sentences: Sequence[Sequence[str]], vocabulary: list[str], length: int) -> Tensor:
    """Returns the places of words in a vocabulary, int64 (N, length), padded on the left with 0, the place of <pad>.

    sentences: N lists of words; a longer one than `length` keeps its last words.
    vocabulary: as `build_vocabulary` returns it; other words become <unk>.
    length: number of time steps.
    """
    return encode(sentences, [0] * len(sentences), vocabulary, length).x


def encode(
    sentences: Sequence[Sequence[str]],
    labels: Sequence | Tensor,
    vocabulary: list[str],
    length: int,
    y_mask: Tensor | None = None,
) -> Split:
    """Returns sentences as tokens, padded on the left, of which each keeps its last words.

    labels, y_mask: a class or numbers of each, or a target for each step of an answer.
    length: number of time steps.
    """
    kept, index = Compact.of(sentences), {word: i for i, word in enumerate(vocabulary)}
    unknown = index[UNKNOWN]
    places = np.array([index.get(word, unknown) for word in kept.words], dtype=np.int32)[kept.places]
    lengths, ends = kept.lengths, kept.ends

    def gather(rows: Tensor) -> Tensor:
        i = rows.numpy()
        return torch.from_numpy(to_the_left(places, ends[i], lengths[i], length)[0]).long()

    real = torch.from_numpy(np.arange(length - 1, -1, -1) < lengths[:, None])
    return gathered(gather, real, torch.as_tensor(labels), y_mask)


def with_noise(split: Split, share: float, generator: Generator) -> Split:
    """Returns the split with a share of its labels permuted among themselves."""
    chosen = torch.randperm(len(split), generator=generator)[: round(share * len(split))]
    y = split.y.clone()
    y[chosen] = split.y[chosen[torch.randperm(len(chosen), generator=generator)]]
    return Split(split.x, split.mask, y)


def bag_of_words(train: Split, val: Split, vocabulary: int, classes: int) -> Guess:
    """Returns the predictions of multinomial naive Bayes on word counts, which ignores word order.

    vocabulary: number of words.
    classes: number of classes.
    """
    from sklearn.naive_bayes import MultinomialNB

    began = time.perf_counter()
    model, known = MultinomialNB(), train.y.unique().numpy()
    for piece in train.pieces():
        model.partial_fit(_counts(piece, vocabulary), piece.y.numpy(), known)
    logs = np.concatenate([model.predict_log_proba(_counts(piece, vocabulary)) for piece in val.pieces()])
    answer = of_all_classes(logs, model.classes_, classes, len(train))
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
    pieces: Pieces = words_of,
) -> Data:
    """Returns a sequence-to-vector task, with the options that all classifications of sentences have.

    train, val: sentences, as words or letters, and their classes.
    classes: names of the classes.
    scores: makes the scores, empty.
    pieces: from a text to its words or letters.
    """
    vocabulary, train_split, val_split = _encoded(config, seed, train, val)
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
        references={f"bag of {_unit(pieces)}s": Later(bag)},
        variants=_variants(val_split, seed, _unit(pieces)),
        encode=lambda text: encode([pieces(text)], [0], vocabulary, max(1, len(pieces(text)))).whole(),
        pieces=pieces,
        pairs=PAIRS if pieces is words_of else [],
        constants=of_classes(train_split, len(val_split), classes, scores(), MOST_FREQUENT),
    )


def _encoded(
    config: TaskConfig, seed: int, train: tuple[Sentences, Sequence | Tensor], val: tuple[Sentences, Sequence | Tensor]
) -> tuple[list[str], Split, Split]:
    """Returns the vocabulary of the training sentences, and both parts, with the options that change their inputs."""
    assert config.length is not None and config.min_count is not None
    vocabulary = build_vocabulary(train[0], config.min_count)
    train_split, val_split = (encode(*part, vocabulary, config.length) for part in (train, val))
    if config.samples is not None:
        train_split = some(train_split, config.samples, stream(seed, "samples"))
    if config.shuffle_words or config.shuffle_steps:
        train_split = shuffled(train_split, stream(seed, "shuffle/train"))
        val_split = shuffled(val_split, stream(seed, "shuffle/val"))
    return vocabulary, train_split, val_split


def _variants(val: Split, seed: int, unit: str) -> dict[str, Split]:
    val = enough_of(val)
    return {
        f"{unit}s shuffled": shuffled(val, stream(seed, "shuffle/variant")),
        f"the first {FEW} {unit}s unknown": without(val, FEW, UNKNOWN_TOKEN, first=True),
        f"the last {FEW} {unit}s unknown": without(val, FEW, UNKNOWN_TOKEN, first=False),
    }


def _unit(pieces: Pieces) -> str:
    """Returns what a text is cut into."""
    return "word" if pieces is words_of else "letter"


def estimated(  # noqa: PLR0917
    config: TaskConfig,
    seed: int,
    train: tuple[Sentences, np.ndarray],
    val: tuple[Sentences, np.ndarray],
    name: str,
    pieces: Pieces,
) -> Data:
    """Returns a sequence-to-vector task from texts to a number, standardised by the training part.

    train, val: texts, as words or letters, and their numbers (N, 1).
    name: of the number.
    pieces: from a text to its words or letters.
    """
    units = Units.of(train[1], [name])
    scaled = [(texts, units.standardised(torch.from_numpy(values)).float()) for texts, values in (train, val)]
    vocabulary, train_split, val_split = _encoded(config, seed, *scaled)
    answers = train_split.y.double()

    return Data(
        "sequence_to_vector",
        train_split,
        val_split,
        vocabulary,
        1,
        lambda: regression(skill=Skill(float((val_split.y.double() - answers.mean()).square().mean()))),
        Guess(answers.mean(0).expand(len(val_split), -1)),
        MEAN,
        references={
            named(f"bag of {_unit(pieces)}s", train_split): ridge_on(
                lambda split: _counts(split, len(vocabulary)), train_split, val_split, answers
            )
        },
        variants=_variants(val_split, seed, _unit(pieces)),
        encode=lambda text: encode([pieces(text)], [[0.0]], vocabulary, max(1, len(pieces(text)))).whole(),
        pieces=pieces,
        constants=of_numbers(answers, len(val_split), units),
        units=units,
    )
