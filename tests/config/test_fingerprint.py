"""A fingerprint hashes the files that a configuration names as text, piece by piece."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from unrolled.config import fingerprint
from unrolled.config.fingerprint import _digest
from unrolled.config.stamp import Stamp
from unrolled.tasks.opened import opened


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


def test_a_file_of_data_is_read_once_for_all_fingerprints(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_text("a\n1\n")
    named = {"task": {"file": str(file)}, "embedding": {"path": None}}
    found: dict[Path, Stamp] = {}
    with opened(found):
        digests = {_digest({"a": i}, named) for i in range(3)}
    assert len(digests) == 3 and list(found) == [file]
    found.clear()
    with opened(found):
        assert _digest({"a": 4}, named) not in digests
    assert found == {}
    file.write_text("a\n12\n")
    with opened(found):
        assert _digest({"a": 0}, named) not in digests
    assert list(found) == [file]
