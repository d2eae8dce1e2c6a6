"""Word vectors for the rows of an embedding, from a file in GloVe or word2vec text format or from the task."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unrolled.config.schema import EmbeddingConfig
from unrolled.config.vector_file import vector, vector_lines, vector_size
from unrolled.errors import UserError


@dataclass(frozen=True)
class WordVectors:
    """Rows of an embedding that are known before training.

    rows: int64 (n,), their indices in the embedding.
    values: float64 (n, E).
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

    path: a file in GloVe or word2vec text format.
    Raises UserError with the number of a wrong line.
    """
    index, size = {word: i for i, word in enumerate(vocabulary)}, vector_size(path)
    found: dict[int, list[float]] = {}
    for line, word, parts in vector_lines(path):
        i = index.get(word, index.get(word.lower()))
        if i is not None and (word in index or i not in found):
            found[i] = vector(path, line, parts)
    words = [word for word in vocabulary if not (word.startswith("<") and word.endswith(">"))]
    share = len(found) / max(1, len(words))
    return _known(found, size, f"{len(found)} of {len(words)} words ({share:.0%}) have a vector in the file")


def _known(found: dict[int, list[float]], size: int | None, coverage: str | None) -> WordVectors:
    values = torch.tensor(list(found.values()), dtype=torch.float64).view(len(found), size or 0)
    return WordVectors(torch.tensor(list(found), dtype=torch.int64), values, coverage)
