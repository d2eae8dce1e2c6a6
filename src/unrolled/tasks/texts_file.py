"""Texts of another table than the one of the training, as its network reads them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from unrolled.config.schema import TaskConfig
from unrolled.errors import UserError

from .answers import class_names, unknown_class
from .compact import Compact
from .data import Data
from .places import ROW, Examples, Places
from .tables.reading import Frame, numbers, row_of, table, texts
from .tables.reading import column as column_of
from .text import encode
from .unknown import unknown
from .writing import targets

Pieces = Callable[[str], list[str]]


@dataclass(frozen=True)
class TextsReader:
    """Reads texts as those of a training were read.

    data: of the training.
    config: its options.
    text, answer: names of the columns.
    pieces, written: from a text, and from one that is written, to its words or letters.
    wanted: what file is needed.
    """

    data: Data
    config: TaskConfig
    text: str
    answer: str
    pieces: Pieces
    written: Pieces | None
    wanted: str

    def __call__(self, file: str) -> Examples:
        """Returns the texts of a table, without those that hold no word. Raises UserError, which names the row."""
        assert isinstance(self.data.reads, list)
        frame, name = table(file, self.wanted), Path(file).name
        every = Compact.of(self.pieces(text) for text in texts(column_of(frame, self.text, "task.text", file)))
        rows = np.flatnonzero(every.lengths).tolist()
        if not rows:
            raise UserError(f"{name}: {self.text} is empty in all rows", "task.file")
        words = every.only(rows)
        y, y_mask = self._nothing(len(rows))
        split = encode(words, y, self.data.reads, self.data.val.shape[1], y_mask)
        places = Places(ROW, row_of(0) + np.array(rows), self._true(frame, rows, file))
        return Examples(split, places, self._notes(frame, words, len(every), name))

    def _nothing(self, n: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Returns answers that say nothing, with the shapes of a split's y and y_mask."""
        answers = self.data.answers
        if self.written is not None:
            assert isinstance(answers, list)
            return targets([[]] * n, answers, self.data.val.y.shape[1])
        return (torch.zeros(n, dtype=torch.int64) if isinstance(answers, list) else torch.zeros(n, 1)), None

    def _true(self, frame: Frame, rows: Sequence[int], file: str) -> Sequence[str] | np.ndarray:
        """Returns the answers that the table has, "" or nan where it has none."""
        data, name = self.data, Path(file).name
        there = self.answer in frame.columns
        if not isinstance(data.answers, list):
            if not there:
                return np.full((len(rows), 1), np.nan)
            return numbers(frame[self.answer], self.answer, file, self.config.thousands)[list(rows), None]
        if not there:
            return [""] * len(rows)
        if self.written is not None:
            found = texts(frame[self.answer])
            return [(data.separator or "").join(self.written(found[i])) for i in rows]
        found = class_names(frame[self.answer])
        known = {"", *data.answers}
        for i in rows:
            if found[i].strip() and found[i] not in known:
                raise unknown_class(f"{name}: {self.answer} in row {row_of(i)} is", found[i], data.answers)
        return [found[i].strip() and found[i] for i in rows]

    def _notes(self, frame: Frame, words: Compact, n: int, name: str) -> list[str]:
        found = []
        if len(words) < n:
            found.append(f"{n - len(words):,} of {n:,} rows hold no text and are left out")
        if self.answer not in frame.columns:
            found.append(f"{name} has no column {self.answer}: no score")
        assert isinstance(self.data.reads, list)
        lacking = unknown(words.words, set(self.data.reads))
        return [*found, *([lacking] if lacking else [])]
