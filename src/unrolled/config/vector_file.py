"""Reads files of word vectors in the text format of GloVe or word2vec."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from unrolled.config.schema import Config
from unrolled.errors import UserError


def check_vectors(path: str, dim: int | None) -> None:
    """Raises UserError if a file is no file of word vectors, or its vectors have another size than embedding.dim.

    path: the file; "": not given, which is an error.
    dim: embedding.dim; None: the file decides.
    """
    if not path:
        raise UserError("embedding=pretrained needs a file: embedding.path=FILE (GloVe or word2vec text format)")
    size = vector_size(path)
    if dim is not None and dim != size:
        raise UserError(
            f"embedding.dim={dim}: the vectors in {path} have {size} numbers; leave embedding.dim to the file"
        )


def sized(config: Config) -> Config:
    """Returns the configuration with `embedding.dim` set to the size of the vectors in its file, if it names one.

    Raises UserError if the file is no file of word vectors.
    """
    if config.embedding.name != "pretrained":
        return config
    return replace(config, embedding=replace(config.embedding, dim=vector_size(config.embedding.path or "")))


def vector_size(path: str) -> int:
    """Returns E, the size of the vectors in a file, from its first lines. Raises UserError if it has none."""
    first = [vector(path, number, parts) for _, (number, _, parts) in zip(range(3), vector_lines(path), strict=False)]
    if not first:
        raise _not_vectors(path, 1)
    return len(first[0])


def vector_lines(path: str) -> Iterator[tuple[int, str, list[str]]]:
    """Yields (line number, word, its numbers as text) for each vector of a file. A word may contain spaces.

    The first line of word2vec's format (two counts) is skipped.
    Raises UserError with the number of a line that has more or fewer numbers than the lines before.
    """
    file, size = Path(path), -1
    if not file.is_file():
        raise UserError(f"embedding.path={path}: no such file", "embedding.path")
    try:
        with file.open(encoding="utf-8") as text:
            for number, line in enumerate(text, start=1):
                if not line.strip():
                    continue
                word, *rest = line.rstrip().rsplit(" ", size)
                if number == 1 and word.isdigit() and len(rest) == 1 and rest[0].isdigit():
                    continue
                size = len(rest) if size < 0 else size
                one_too_many = " " in word and _number(word.rpartition(" ")[2]) is not None
                if len(rest) != size or size < 1 or one_too_many:
                    raise _not_vectors(path, number)
                yield number, word, rest
    except UnicodeDecodeError:
        raise _not_vectors(path, 1) from None


def vector(path: str, line: int, parts: Sequence[str]) -> list[float]:
    """Returns the vector on one line of a file.

    path, line: the file and the line number, for the message.
    parts: its numbers as text.
    Raises UserError if one is no number, or not finite.
    """
    numbers = [_number(part) for part in parts]
    if None in numbers:
        raise _not_vectors(path, line)
    return numbers  # type: ignore[return-value]


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _not_vectors(path: str, line: int) -> UserError:
    return UserError(
        f"embedding.path={path}: line {line} is not a word and its numbers, as many as in the lines before "
        "(GloVe or word2vec text format, UTF-8)"
    )
