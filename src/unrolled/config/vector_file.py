"""Reads files of word vectors in the text format of GloVe or word2vec.

A file is read once, line by line: its form is validated and the place of each row is kept, 16 bytes a row. The rows
that a vocabulary needs are then read from their places.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from unrolled.config.schema import Config
from unrolled.errors import UserError

from .stamp import Stamp, stamp
from .vector_row import FOREIGN, MARK, Fault, Row, Rows

KEY = "embedding.path"
KNOWN = 64  # files whose places are kept


def spelling(word: str) -> int:
    """Returns a number that is equal for words that differ at most in capitals, in one process and its forks."""
    return hash(word.lower())


@dataclass(frozen=True)
class VectorFile:
    """A file of word vectors whose form is right.

    path: as the user gave it.
    file: where that is.
    size: E, numbers in a row.
    spellings: for each row, the `spelling` of its word.
    places: for each row, the byte at which its line begins.
    """

    path: str
    file: Path
    size: int
    spellings: "array[int]"
    places: "array[int]"

    def rows(self, chosen: Sequence[int]) -> Iterator[Row]:
        """Yields the chosen rows. Raises UserError if one has a number that is not finite."""
        rows = Rows(self.size)
        with self.file.open("rb") as file:
            for i in chosen:
                file.seek(self.places[i])
                try:
                    yield rows.read(file.readline(), numbers=True)
                except Fault as fault:
                    file.seek(0)
                    raise _at_line(self.path, 1 + file.read(self.places[i]).count(b"\n"), fault) from None


def check_vectors(path: str, dim: int | None) -> None:
    """Raises UserError if a file is no file of word vectors, or its vectors have another size than embedding.dim.

    path: the file; "": not given, which is an error.
    dim: embedding.dim; None: the file decides.
    """
    if not path:
        raise UserError("embedding=pretrained needs a file: embedding.path=FILE (GloVe or word2vec text format)")
    size = vector_file(path).size
    if dim is not None and dim != size:
        raise UserError(
            f"embedding.dim={dim}: the vectors in {path} have {size} numbers; leave embedding.dim to the file",
            "embedding.dim",
        )


def sized(config: Config) -> Config:
    """Returns the configuration with `embedding.dim` set to the size of the vectors in its file, if it names one.

    Raises UserError if the file is no file of word vectors.
    """
    if config.embedding.name != "pretrained":
        return config
    return replace(config, embedding=replace(config.embedding, dim=vector_file(config.embedding.path or "").size))


def vector_file(path: str) -> VectorFile:
    """Returns a file of word vectors, which is read once in each of its states. Raises UserError if it is none."""
    try:
        now = stamp(path)
        if not now.file.is_file():
            raise UserError(f"{KEY}={path}: it is {_kind(now.file)}, not a file", KEY)
        return replace(_read(now), path=path)
    except FileNotFoundError:
        raise UserError(f"{KEY}={path}: no such file", KEY) from None
    except OSError as error:
        raise UserError(f"{KEY}={path}: it cannot be read ({error.strerror})", KEY) from None
    except _Wrong as wrong:
        raise _at_line(path, wrong.line, wrong.fault) from None


class _Wrong(Exception):
    """A fault in a line of a file that was read."""

    def __init__(self, line: int, fault: Fault) -> None:
        super().__init__(line, fault)
        self.line, self.fault = line, fault


@lru_cache(KNOWN)
def _read(known: Stamp) -> VectorFile:
    """Reads and validates a file. Raises _Wrong, and OSError."""
    spellings, places, rows = array("q"), array("q"), Rows()
    last, last_line = b"", 0
    with known.file.open("rb") as file:
        place = _skip_mark(file)
        for line, text in enumerate(file, start=1):
            try:
                if text.strip() and not (line == 1 and rows.header(text)):
                    spellings.append(spelling(rows.read(text).word))
                    places.append(place)
                    last, last_line = text, line
            except Fault as fault:
                raise _Wrong(line, fault) from None
            place += len(text)
    if not places:
        raise _Wrong(1, Fault("the file holds none"))
    try:
        rows.read(last, numbers=True)  # of a file that was cut it is the last row that shows it
    except Fault as fault:
        raise _Wrong(last_line, fault) from None
    if rows.said is not None and rows.said != len(places):
        advice = "the file was cut" if rows.said > len(places) else "correct that line, or remove it"
        raise _Wrong(1, Fault(f"it says that {rows.said} words follow, but {len(places)} do: {advice}"))
    return VectorFile(str(known.file), known.file, rows.size, spellings, places)


def _skip_mark(file: BinaryIO) -> int:
    """Returns how many bytes a mark of the encoding takes, and skips it. Raises _Wrong for a file of another format."""
    start = file.read(8)
    for foreign, words in FOREIGN.items():
        if start.startswith(foreign):
            raise _Wrong(1, Fault(words, whole=True))
    return file.seek(len(MARK) if start.startswith(MARK) else 0)


def _kind(file: Path) -> str:
    return "a folder" if file.is_dir() else "a device or a pipe"


def _at_line(path: str, line: int, fault: Fault) -> UserError:
    if fault.whole:
        return UserError(f"{KEY}={path}: {fault}", KEY)
    return UserError(
        f"{KEY}={path}: line {line} is not a word and its numbers: {fault} (GloVe or word2vec text format, UTF-8)", KEY
    )
