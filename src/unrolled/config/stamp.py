"""What tells one state of a file from another without reading it: a key for caches of what was read."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from .relative import resolved


class Stamp(NamedTuple):
    """A file at one moment.

    file: its resolved path.
    mtime: of its last change, in nanoseconds.
    size: in bytes.
    """

    file: Path
    mtime: int
    size: int


def stamp(path: str | Path) -> Stamp:
    """Returns the stamp of a file as it is now. Raises OSError if it is not there.

    path: a relative one is looked for as `relative.resolved` does.
    """
    file = resolved(path)
    now = file.stat()
    return Stamp(file, now.st_mtime_ns, now.st_size)


@lru_cache(4096)
def sha256(known: Stamp) -> str:
    """Returns the checksum of a file in hexadecimal digits. It is read once in each of its states."""
    with known.file.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
