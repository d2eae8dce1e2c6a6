"""Tasks with text as output: output vocabulary, targets and baselines."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from unrolled.config.schema import TaskConfig

from .constants import always, of_shares
from .data import Data, Guess, Later, Split
from .scores import WRITTEN_UNKNOWN, writing
from .text import build_vocabulary, encode, words_of

SPECIAL = ["<start>", "<end>", "<unk>"]  # START, END, WRITTEN_UNKNOWN

Words = Sequence[str]


def written_vocabulary(texts: Sequence[Words], min_count: int) -> list[str]:
    """Returns the special tokens, then the words that occur at least `min_count` times, most frequent first."""
    counts = Counter(word for text in texts for word in text)
    kept = [word for word, n in counts.items() if n >= min_count]
    return [*SPECIAL, *sorted(kept, key=lambda word: (-counts[word], word))]


def targets(texts: Sequence[Words], vocabulary: list[str], length: int) -> tuple[Tensor, Tensor]:
    """Returns (y, y_mask), both (N, length): the words and END, from the first step on; longer texts are cut."""
    index = {word: i for i, word in enumerate(vocabulary)}
    y = torch.zeros(len(texts), length, dtype=torch.int64)
    for row, text in zip(y, texts, strict=True):
        written = [*(index.get(word, WRITTEN_UNKNOWN) for word in text), 1][:length]
        row[: len(written)] = torch.tensor(written)
    return y, y != 0


def most_frequent_words(train: Split, n: int, vocabulary: int) -> dict[str, Any]:
    """Returns the fields of `Data` for the baseline that predicts word frequencies at each position.

    train: the split whose frequencies are used.
    n: number of validation examples.
    vocabulary: number of output words.
    Its text is the most frequent word at each position, up to END.
    """
    T = train.y.shape[1]
    counts = torch.ones(T, vocabulary)  # no word has probability 0 (Laplace)
    for t in range(T):
        counts[t] += torch.bincount(train.y[:, t][train.y[:, t] > 0], minlength=vocabulary)
    best = counts.argmax(1)
    ended = (best == 1).cumsum(0) - (best == 1).long() > 0
    written = torch.where(ended, 0, best).unsqueeze(1).expand(-1, n)
    shares, name = counts / counts.sum(1, keepdim=True), "most frequent words"
    return {
        "baseline": always(shares, n, written),
        "baseline_name": name,
        "constants": of_shares(shares, n, name, written),
    }


def nearest(features: Tensor, others: Tensor, train: Split) -> Guess:
    """Returns, as predictions, the targets of the nearest training examples by cosine similarity.

    features: of the training examples, (N, D).
    others: features of the examples to predict, (M, D).
    """
    unit = torch.nn.functional.normalize
    rows = (unit(others, dim=1) @ unit(features, dim=1).t()).argmax(1)
    return Guess(None, train.y[rows].t())


def translated(
    config: TaskConfig,
    train: Sequence[tuple[Words, Words]],
    val: Sequence[tuple[Words, Words]],
    pieces: Callable[[str], list[str]] = words_of,
    separator: str = " ",
) -> Data:
    """Returns an encoder-decoder task from pairs (source, target) of texts, as words or letters.

    pieces: from a source to its words or letters.
    separator: between the words or letters of a target.
    """
    min_count = config.min_count or 1
    sources, texts = zip(*train, strict=True)
    read, written = build_vocabulary(sources, min_count), written_vocabulary(texts, min_count)
    T = config.length or max(len(source) for source, _ in [*train, *val])
    longest = 1 + max(len(text) for _, text in [*train, *val])
    train_split, val_split = (_encode(part, read, written, T, longest) for part in (train, val))
    return Data(
        "encoder_decoder",
        train_split,
        val_split,
        read,
        written,
        lambda: writing(bleu=True),
        **most_frequent_words(train_split, len(val_split), len(written)),
        references={
            "nearest training example": Later(
                lambda: nearest(_bags(train_split, read), _bags(val_split, read), train_split)
            )
        },
        encode=lambda text: _encode([(pieces(text), [])], read, written, len(pieces(text)), longest).whole(),
        pieces=pieces,
        separator=separator,
    )


def spelled(written: Sequence[int], names: Sequence[str], separator: str | None = None) -> str:
    """Returns the text of written tokens, without <start> and <end>.

    names: of the tokens.
    separator: as in `Data`.
    """
    if separator is None:
        separator = " " if any(len(name) > 1 for name in names[3:]) else ""
    return separator.join(names[i] for i in written if i > 1)


def _encode(pairs: Sequence[tuple[Words, Words]], read: list[str], written: list[str], T: int, longest: int) -> Split:
    y, y_mask = targets([text for _, text in pairs], written, longest)
    return encode([source for source, _ in pairs], y, read, T, y_mask)


def _bags(split: Split, vocabulary: list[str]) -> Tensor:
    """Returns the bags of input words, (N, V), weighted by inverse document frequency in the split itself."""
    assert split.mask is not None
    bags = torch.zeros(len(split), len(vocabulary)).scatter_add_(1, split.x, split.mask.float())
    frequency = (bags > 0).sum(0).clamp_min(1)
    return bags * (len(split) / frequency).log().clamp_min(0.01)
