"""Word vectors for the rows of an embedding, from a file in GloVe or word2vec text format or from the task."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from unrolled.config.schema import EmbeddingConfig
from unrolled.config.vector_file import spelling, vector_file
from unrolled.config.vector_row import Row
from unrolled.errors import UserError


@dataclass(frozen=True)
class WordVectors:
    """Rows of an embedding that are known before training.

    rows: int64 (n,), their indices in the embedding.
    values: float32 (n, E).
    coverage: a sentence on how much of the vocabulary the file covers; None without a file.
    """

    rows: Tensor
    values: Tensor
    coverage: str | None


def known_vectors(embedding: EmbeddingConfig, given: dict[str, list[float]], vocabulary: Sequence[str]) -> WordVectors:
    """Returns the rows of an embedding that are known before training: from its file, or else from the task.

    given: the task's vectors, by word.
    vocabulary: the word of each row.
    Raises UserError if the task's vectors have another size than embedding.dim, or the file has a wrong line.
    """
    if embedding.name == "pretrained":
        return read_vectors(embedding.path or "", vocabulary)
    sizes = {len(vector) for vector in given.values()} - {embedding.dim}
    if embedding.dim is not None and sizes:
        raise UserError(f"embedding.dim={embedding.dim}: this task brings word vectors of {sizes.pop()} numbers")
    found = {i: given[word] for i, word in enumerate(vocabulary) if word in given and embedding.dim is not None}
    return _known(found, embedding.dim, None)


def read_vectors(path: str, vocabulary: Sequence[str]) -> WordVectors:
    """Returns the vectors that a file has for the words of a vocabulary; a word also matches in lower case.

    The first of several rows with the same word counts. Names in <> get the vectors that the file has for them, but are
    not counted as words.

    path: a file in GloVe or word2vec text format.
    Raises UserError with the number of a wrong line.
    """
    file, index = vector_file(path), {word: i for i, word in enumerate(vocabulary)}
    wanted = np.array([spelling(word) for word in vocabulary], dtype=np.int64)
    chosen = np.flatnonzero(np.isin(np.frombuffer(file.spellings, dtype=np.int64), wanted))
    found: dict[int, Row] = {}
    repeated = set()
    for row in file.rows(chosen.tolist()):
        i = index.get(row.word, index.get(row.word.lower()))
        if i is None:
            continue
        if i in found and found[i].word == row.word:
            repeated.add(row.word)
        elif i not in found or (row.word in index and found[i].word not in index):
            found[i] = row
    words = [i for i, word in enumerate(vocabulary) if not (word.startswith("<") and word.endswith(">"))]
    known = sum(i in found for i in words)
    coverage = f"{known} of {len(words)} words ({known / max(1, len(words)):.0%}) have a vector in the file"
    return _known({i: row.numbers for i, row in found.items()}, file.size, coverage + _repeated(repeated))


def _repeated(words: Set[str]) -> str:
    """Returns a clause on the words that have several rows."""
    if not words:
        return ""
    return f"; {len(words)} stand{'s' * (len(words) == 1)} there twice or more ({min(words)!r}): the first row counts"


def _known(found: Mapping[int, Sequence[float]], size: int | None, coverage: str | None) -> WordVectors:
    values = np.array([*found.values()], dtype=np.float32).reshape(len(found), size or 0)
    return WordVectors(torch.tensor([*found], dtype=torch.int64), torch.from_numpy(values), coverage)
