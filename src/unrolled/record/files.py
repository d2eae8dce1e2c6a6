"""Atomic and durable replacement of files."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Yields a draft beside a file, which replaces the file at the end of the block.

    After an error in the block (such as a full disk) the file is unchanged and the draft is removed. After a power cut
    there is the old file or the new one, never an empty one.
    """
    draft = file.with_name(f".{file.name.lstrip('.')}.{os.getpid()}")
    try:
        yield draft
        put_in_place(draft, file)
    finally:
        draft.unlink(missing_ok=True)


def put_in_place(draft: Path, file: Path) -> None:
    """Replaces a file by its complete draft in the same folder. The content reaches the disk before the name does."""
    sync(draft)
    draft.replace(file)
    with contextlib.suppress(OSError):  # some network file systems sync no folders
        sync(file.parent)


def sync(path: Path) -> None:
    """Returns once the content of a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
