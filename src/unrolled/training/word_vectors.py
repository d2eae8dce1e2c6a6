"""Word vectors from a file in GloVe or word2vec text format: one word a line, then its numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unrolled.config import EmbeddingConfig
from unrolled.errors import UserError
from unrolled.fit import vector_lines, vector_size


@dataclass(frozen=True)
class WordVectors:
    """rows: index in the vocabulary -> its vector (E,). size: E, None where each token has a dimension of its own.

    coverage: how much of the vocabulary a file covers, in words; None where there is no file.
    """

    rows: dict[int, Tensor]
    size: int | None
    coverage: str | None


def known_vectors(embedding: EmbeddingConfig, given: dict[str, list[float]], vocabulary: Sequence[str]) -> WordVectors:
    """What is known of the embedding beforehand: the file's vectors, or those that the task brings (`given`).

    Raises UserError where the task's vectors have another size than embedding.dim.
    """
    if embedding.name == "pretrained":
        return read_vectors(embedding.path or "", vocabulary)
    if embedding.dim is None:
        return WordVectors({}, None, None)
    sizes = {len(vector) for vector in given.values()} - {embedding.dim}
    if sizes:
        raise UserError(f"embedding.dim={embedding.dim}: this task brings word vectors of {sizes.pop()} numbers")
    rows = {i: torch.tensor(given[word]) for i, word in enumerate(vocabulary) if word in given}
    return WordVectors(rows, embedding.dim, None)


def read_vectors(path: str, vocabulary: Sequence[str]) -> WordVectors:
    """The vectors of these words, as written or in lower case. Raises UserError that names the line at fault."""
    index, size, rows = {word: i for i, word in enumerate(vocabulary)}, vector_size(path), {}
    for word, numbers in vector_lines(path):
        i = index.get(word, index.get(word.lower()))
        if i is not None and (word in index or i not in rows):
            rows[i] = torch.tensor(numbers, dtype=torch.float64)
    words = [word for word in vocabulary if not (word.startswith("<") and word.endswith(">"))]
    coverage = f"{len(rows)} of {len(words)} words ({len(rows) / max(1, len(words)):.0%}) have a vector in the file"
    return WordVectors(rows, size, coverage)
