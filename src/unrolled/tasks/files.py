"""Data files inside installed packages, located without importing the package and verified by checksum."""

import hashlib
import importlib.util
from pathlib import Path

from unrolled.errors import UserError


def package_folder(package: str) -> Path:
    """Returns the folder of an installed package. `tasks.check` has verified that it is installed."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    if spec.origin is not None:
        return Path(spec.origin).parent
    assert spec.submodule_search_locations is not None
    return Path(next(iter(spec.submodule_search_locations)))


def package_file(package: str, path: str, sha256: str, requirement: str) -> bytes:
    """Returns the content of a data file.

    path: relative to the package's folder.
    sha256: checksum of the expected content.
    requirement: package and version with that content, for the message.
    Raises UserError if the content is another.
    """
    file = package_folder(package) / path
    content = file.read_bytes() if file.is_file() else b""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise UserError(f"{file} is not the file of {requirement}: install that version")
    return content
