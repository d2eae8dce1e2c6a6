"""One line of a file of word vectors: a word, which may contain spaces, and its numbers."""

from array import array
from typing import NamedTuple

SEPARATORS = b" \t\r\n\v\f"
NUMERIC = b"0123456789+-.eE" + SEPARATORS
NO_TEXT = bytes(set(range(32)) - set(SEPARATORS))
LARGEST = 3.4028234e38  # float32
MARK = b"\xef\xbb\xbf"  # of UTF-8, which some editors write
FOREIGN = {
    b"\x1f\x8b": "it is compressed (gzip): unpack it first",
    b"PK\x03\x04": "it is a zip archive: unpack it first",
    b"BZh": "it is compressed (bzip2): unpack it first",
    b"\xfd7zXZ": "it is compressed (xz): unpack it first",
    b"\x28\xb5\x2f\xfd": "it is compressed (zstd): unpack it first",
    b"\x93NUMPY": "it is a file of NumPy: the text format of GloVe or word2vec is wanted",
    b"\xff\xfe": "its text is UTF-16: write it as UTF-8",
    b"\xfe\xff": "its text is UTF-16: write it as UTF-8",
}
WORD2VEC = "it is word2vec's binary format: write the text format (gensim: save_word2vec_format(FILE, binary=False))"


class Fault(Exception):
    """What is wrong, in words. whole: with the file, not with one line."""

    def __init__(self, words: str, *, whole: bool = False) -> None:
        super().__init__(words)
        self.whole = whole


class Row(NamedTuple):
    """numbers: float32; empty if only the form was validated."""

    word: str
    numbers: "array[float]"


class Rows:
    """Validates the lines of one file, which all have as many numbers.

    size: numbers in a row; -1 before the first.
    said: words in the file by the first line of word2vec's format; None: there is no such line.
    """

    def __init__(self, size: int = -1) -> None:
        self.size = size
        self.said: int | None = None

    def header(self, text: bytes) -> bool:
        """Returns whether a first line is that of word2vec's format: how many words follow, and numbers in each row."""
        parts = text.split()
        if len(parts) != 2 or not all(part.isdigit() for part in parts):
            return False
        self.said, self.size = map(int, parts)
        return True

    def read(self, text: bytes, *, numbers: bool = False) -> Row:
        """Returns the row in a line. Raises Fault.

        numbers: whether the numbers themselves are wanted.
        """
        try:
            return self._read(text, numbers)
        except Fault:
            if len(text) == len(text.translate(None, NO_TEXT)):
                raise
            if self.said is not None:
                raise Fault(WORD2VEC, whole=True) from None
            raise Fault("it has bytes that are no text") from None

    def _read(self, text: bytes, numbers: bool) -> Row:
        if self.size < 0:
            self.size = _size(text)
        word, *parts = text.strip().rsplit(None, self.size)
        if len(parts) != self.size or self.size < 1:
            raise self._another_count(len(parts))
        if b" " in word or b"\t" in word:
            *_, last = word.split()
            if _python_number(last):
                raise self._another_count(self.size + 1)
        if word.translate(None, NUMERIC) != text.translate(None, NUMERIC):  # faster than to read each number
            raise _no_number(next(part for part in parts if part.translate(None, NUMERIC)))
        try:
            name = word.decode()
        except UnicodeDecodeError as error:
            byte = word[error.start]
            raise Fault(f"{_shown(word)} is not UTF-8 (byte 0x{byte:02x}): write the file as UTF-8") from None
        return Row(name, array("f", map(finite, parts) if numbers else ()))

    def _another_count(self, count: int) -> Fault:
        more = " or more" if count > self.size else ""
        before = "the first line says" if self.said is not None else "the lines before have"
        numbers = f"{count} number{'s' * (count != 1)}{more}"
        return Fault(f"{numbers}, and {before} {self.size}" if self.size > 0 else "no numbers")


def finite(text: bytes) -> float:
    """Returns the number in a text. Raises Fault if it is none, or is not finite in float32."""
    try:
        value = float(text) if not text.translate(None, NUMERIC) else LARGEST * 2
    except ValueError:
        raise _no_number(text) from None
    if abs(value) > LARGEST:
        raise _no_number(text)
    return value


def _size(text: bytes) -> int:
    """Returns how many numbers follow the word in the first row. Raises Fault."""
    _, *parts = text.split()
    count = next((i for i, part in enumerate(reversed(parts)) if not _python_number(part)), len(parts))
    inner = parts[: len(parts) - count]  # of a word with spaces
    if any(map(_python_number, inner)):
        raise _no_number(inner[-1])
    return count


def _python_number(text: bytes) -> bool:
    """Returns whether Python reads a number, such as nan and 1_0 too."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _no_number(text: bytes) -> Fault:
    return Fault(f"{_shown(text)} is no finite number")


def _shown(text: bytes) -> str:
    return repr(text[:40].decode(errors="replace"))
