"""Many texts as lists of words in a fraction of their memory: each word is kept once."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .data import PIECE


@dataclass(frozen=True)
class Compact(Sequence[list[str]]):
    """N texts, each a list of words or letters.

    words: each once.
    places: of the words of all texts among these, int32 (S,).
    lengths: words of each text, int64 (N,).
    """

    words: list[str]
    places: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, texts: Iterable[Sequence[str]]) -> "Compact":
        """Returns these texts, which are read one by one."""
        if isinstance(texts, Compact):
            return texts
        known: dict[str, int] = {}
        places, lengths = array("i"), array("q")
        for text in texts:
            places.extend([known.setdefault(word, len(known)) for word in text])
            lengths.append(len(text))
        return cls(list(known), np.array(places, dtype=np.int32), np.array(lengths, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, i: int) -> list[str]:  # type: ignore[override]
        if not -len(self) <= i < len(self):
            raise IndexError(i)
        end = int(self.ends[i])
        return [self.words[place] for place in self.places[end - int(self.lengths[i]) : end]]

    @property
    def ends(self) -> np.ndarray:
        """Returns the place after the last word of each text, int64 (N,)."""
        return np.cumsum(self.lengths)

    def only(self, rows: Sequence[int] | np.ndarray) -> "Compact":
        """Returns the texts at these places, in ascending order."""
        kept = np.zeros(len(self), dtype=bool)
        kept[rows] = True
        return Compact(self.words, self.places[np.repeat(kept, self.lengths)], self.lengths[kept])

    def counts(self) -> dict[str, int]:
        """Returns how often each word occurs."""
        counts = np.zeros(len(self.words), dtype=np.int64)
        for first in range(0, len(self.places), PIECE):  # numpy copies what it counts to int64
            counts += np.bincount(self.places[first : first + PIECE], minlength=len(self.words))
        return {word: n for word, n in zip(self.words, counts.tolist(), strict=True) if n}
