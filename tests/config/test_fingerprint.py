"""A fingerprint hashes the files that a configuration names as text, piece by piece."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from unrolled.config import fingerprint
from unrolled.config.fingerprint import _digest


def values(file: Path) -> dict[str, Any]:
    return {"task": {"file": None}, "embedding": {"path": str(file)}}


@pytest.mark.parametrize("text", ["", "a\nb", "a\r\nb\r\n", "a\rb\r", "\r\r\n\n\r", "\ufeffcaf\xe9 1 2\r\n"])
@pytest.mark.parametrize("piece", [1, 2, 3, 1 << 20])
def test_the_hash_is_that_of_the_whole_text(
    text: str, piece: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "vectors.txt"
    file.write_bytes(text.encode())
    monkeypatch.setattr(fingerprint, "PIECE", piece)
    whole = json.dumps({"a": 1}, sort_keys=True) + file.read_text(encoding="utf-8")
    assert _digest({"a": 1}, values(file)) == hashlib.sha256(whole.encode()).hexdigest()[:16]


def test_a_file_in_another_encoding_has_a_hash_and_a_changed_file_another(tmp_path: Path) -> None:
    file = tmp_path / "vectors.txt"
    file.write_bytes(b"caf\xe9 1 2")
    first = _digest({}, values(file))
    file.write_bytes(b"caf\xe9 1 2 3")
    assert len(first) == 16 and _digest({}, values(file)) != first
