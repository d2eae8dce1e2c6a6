"""A file is replaced by a whole one, or stays as it was."""

from pathlib import Path

import pytest

from unrolled.record.files import replacing


@pytest.mark.parametrize("before", [None, "old"])
def test_a_failure_in_the_middle_changes_nothing(before: str | None, tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    if before is not None:
        file.write_text(before)
    with pytest.raises(OSError, match="full"), replacing(file) as draft:
        draft.write_text("half of it")
        raise OSError("full")
    assert [path.read_text() for path in tmp_path.iterdir()] == ([] if before is None else [before])


def test_what_was_written_takes_its_place(tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    file.write_text("old")
    with replacing(file) as draft:
        draft.write_text("new")
        assert file.read_text() == "old"
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file.json", "new")]
