"""Cosine similarities of pairs of words in an embedding, and nearest words."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

MOST_FREQUENT = 1000  # rarer words have hardly moved since initialisation


@dataclass(frozen=True)
class Pair:
    """Two words in an embedding.

    cosine: of their vectors.
    nearest: the word whose vector has the largest cosine with that of `word`.
    """

    word: str
    other: str
    cosine: float
    nearest: str


def pairs_of(words: list[tuple[str, str]], vocabulary: list[str], table: Tensor) -> list[Pair]:
    """Returns the cosine of each pair of words, and the nearest word of its first; unknown words are skipped.

    vocabulary: V words, the most frequent first.
    table: the embedding (V, E).
    """
    index = {word: i for i, word in enumerate(vocabulary)}
    unit = F.normalize(table.detach().double().cpu(), dim=1)
    found = []
    for word, other in words:
        if word not in index or other not in index:
            continue
        cosines = unit[:MOST_FREQUENT] @ unit[index[word]]
        order = [vocabulary[i] for i in cosines.argsort(descending=True).tolist()]
        nearest = next(each for each in order if each != word and not each.startswith("<"))
        found.append(Pair(word, other, float(unit[index[word]] @ unit[index[other]]), nearest))
    return found
