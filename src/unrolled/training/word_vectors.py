"""Word vectors from a file in GloVe or word2vec text format: one word a line, then its numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unrolled.fit import vector_lines, vector_size


@dataclass(frozen=True)
class WordVectors:
    """rows: index in the vocabulary -> its vector (E,). size: E. in_vocabulary: how many could have been found."""

    rows: dict[int, Tensor]
    size: int
    in_vocabulary: int

    @property
    def coverage(self) -> str:
        share = len(self.rows) / max(1, self.in_vocabulary)
        return f"{len(self.rows)} of {self.in_vocabulary} words ({share:.0%}) have a vector in the file"


def read_vectors(path: str, vocabulary: Sequence[str]) -> WordVectors:
    """The vectors of these words, as written or in lower case. Raises UserError that names the line at fault."""
    index, size, rows = {word: i for i, word in enumerate(vocabulary)}, vector_size(path), {}
    for word, numbers in vector_lines(path):
        i = index.get(word, index.get(word.lower()))
        if i is not None and (word in index or i not in rows):
            rows[i] = torch.tensor(numbers, dtype=torch.float64)
    words = [word for word in vocabulary if not (word.startswith("<") and word.endswith(">"))]
    return WordVectors(rows, size, len(words))
