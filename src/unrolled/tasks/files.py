"""Data files inside installed packages: found without importing the package, and checked."""

import hashlib
import importlib.util
from pathlib import Path

from unrolled.errors import UserError


def package_folder(package: str) -> Path:
    """Where an installed package lies. The registry has checked that it is there."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    if spec.origin is not None:
        return Path(spec.origin).parent
    assert spec.submodule_search_locations is not None
    return Path(next(iter(spec.submodule_search_locations)))


def package_file(package: str, path: str, sha256: str, requirement: str) -> bytes:
    """The file's content. Raises UserError where it is not the one that was counted."""
    file = package_folder(package) / path
    content = file.read_bytes() if file.is_file() else b""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise UserError(f"{file} is not the file of {requirement}: install that version")
    return content
