"""Word vectors in the text format of GloVe and of word2vec."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from unrolled.config.schema import Config
from unrolled.errors import UserError


def check_vectors(path: str, dim: int | None) -> None:
    """Raises UserError where the file of word vectors is none, or has another size than embedding.dim asks for."""
    if not path:
        raise UserError("embedding=pretrained needs a file: embedding.path=FILE (GloVe or word2vec text format)")
    size = vector_size(path)
    if dim is not None and dim != size:
        raise UserError(
            f"embedding.dim={dim}: the vectors in {path} have {size} numbers; leave embedding.dim to the file"
        )


def sized(config: Config) -> Config:
    """Returns the configuration with `embedding.dim` as a file of word vectors has it.

    Raises UserError where the file is not such a file.
    """
    if config.embedding.name != "pretrained":
        return config
    return replace(config, embedding=replace(config.embedding, dim=vector_size(config.embedding.path or "")))


def vector_size(path: str) -> int:
    """E, from the first lines alone. Raises UserError where the file is not such a file."""
    first = [vector(path, number, parts) for _, (number, _, parts) in zip(range(3), vector_lines(path), strict=False)]
    if not first:
        raise _not_vectors(path, 1)
    return len(first[0])


def vector_lines(path: str) -> Iterator[tuple[int, str, list[str]]]:
    """(line number, word, its numbers as text); word2vec's first line, the two counts, is left out.

    A word may hold spaces. Raises UserError that names the line with more or fewer numbers than the others.
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
    """The numbers of a line. Raises UserError where they are none, or not finite."""
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
