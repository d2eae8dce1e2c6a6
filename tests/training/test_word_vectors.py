"""Word vectors from files as GloVe and word2vec write them, and from files that are none."""

import gzip
import struct
from pathlib import Path

import pytest
import torch

from conftest import QUICK, Run, train, wandb_records
from unrolled.config.vector_file import vector_file
from unrolled.config.vector_row import Rows
from unrolled.errors import UserError
from unrolled.run.preflight import compose, preflight
from unrolled.training.word_vectors import read_vectors

VOCABULARY = ["<pad>", "<unk>", "love", "like", "new york", "film"]


def file(folder: Path, text: str | bytes) -> str:
    path = folder / "vectors.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@pytest.mark.parametrize("head", ["", "4 3\n"], ids=["GloVe", "word2vec"])
def test_both_formats_are_read(head: str, tmp_path: Path) -> None:
    text = head + "Love 1 2 3\nlike -0.5 2.5e-1 7 \nnew york 4 5 6\nzebra 0 0 0\n"
    found = read_vectors(file(tmp_path, text), VOCABULARY)
    assert found.values.shape == (3, 3)
    assert dict(zip(found.rows.tolist(), found.values.tolist(), strict=True)) == {
        2: [1, 2, 3],
        3: [-0.5, 0.25, 7],
        4: [4, 5, 6],
    }
    assert found.coverage == "3 of 4 words (75%) have a vector in the file"


def test_the_word_itself_comes_before_its_capital_form(tmp_path: Path) -> None:
    found = read_vectors(file(tmp_path, "Love 1 1\nlove 2 2\nLOVE 3 3\n"), VOCABULARY)
    assert found.values.tolist() == [[2, 2]]


def test_the_first_row_of_a_word_counts_and_the_others_are_named(tmp_path: Path) -> None:
    found = read_vectors(file(tmp_path, "Love 9 9\nlove 1 1\nlove 2 2\nzebra 3 3\nzebra 4 4\n"), VOCABULARY)
    assert found.values.tolist() == [[1, 1]]
    assert found.coverage is not None
    assert found.coverage.endswith("; 1 stands there twice or more ('love'): the first row counts")


@pytest.mark.parametrize(
    "text",
    [
        "love\t1\t2\nnew york\t3\t4\n",
        "love\t1 2\nnew york\t3 4\n",
        "love   1  2  \nnew york 3   4\n",
        "love 1 2\r\n\r\nnew york 3 4\r\n",
        "\ufefflove 1 2\nnew york 3 4",
        "2 2\r\nlove 1 2\r\nnew york 3 4\r\n",
        "\ufeff2 2\nlove 1 2\nnew york 3 4\n",
        "\n\nlove +1 2e0\n  \nnew york 3. 4\n\n",
        ". . . 8 8\nlove 1 2\na\xa0b 7 7\n5 6 6\nnew york 3 4\n",
    ],
)
def test_what_other_programs_write_is_read(text: str, tmp_path: Path) -> None:
    found = read_vectors(file(tmp_path, text), VOCABULARY)
    assert (found.rows.tolist(), found.values.tolist()) == ([2, 4], [[1, 2], [3, 4]])


def test_names_in_brackets_get_their_rows_and_are_no_words(tmp_path: Path) -> None:
    found = read_vectors(file(tmp_path, "<unk> 5 5\n<s> 6 6\nlove 1 1\n"), VOCABULARY)
    assert dict(zip(found.rows.tolist(), found.values.tolist(), strict=True)) == {1: [5, 5], 2: [1, 1]}
    assert found.coverage == "1 of 4 words (25%) have a vector in the file"


WRONG: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "line 1 .*: the file holds none"),
    "blank lines": ("\n \n", "line 1 .*: the file holds none"),
    "a header alone": ("2 3\n", "line 1 .*: the file holds none"),
    "a word alone": ("hello\n", "line 1 .*: no numbers"),
    "JSON": ("{\n", "line 1 .*: no numbers"),
    "a short row": ("love 1 2\nlike 1\n", "line 2 .*: 1 number, and the lines before have 2"),
    "a long row": ("love 1 2\n\nlike 1 2 3\n", "line 3 .*: 3 numbers or more, and the lines before have 2"),
    "a letter": ("love 1 x\n", "line 1 .*: 'x' is no finite number"),
    "a letter later": ("a 1 2\nb 1 2\nc 1 2\nd 1 2\nlove 1 x\n", "line 5 .*: 'x' is no finite number"),
    "nan": ("love 1 nan\n", "line 1 .*: 'nan' is no finite number"),
    "nan first": ("love nan 1\n", "line 1 .*: 'nan' is no finite number"),
    "inf in a row that is not needed": ("love 1 2\nzebra -inf 2\n", "line 2 .*: '-inf' is no finite number"),
    "an underscore": ("love 1 2\nlike 1_0 2\n", "line 2 .*: '1_0' is no finite number"),
    "too large for float32": ("zebra 1 2\n\nlove 1e39 2\n", "line 3 .*: '1e39' is no finite number"),
    "half a number": ("zebra 1 2\nlove 1 2e\n", "line 2 .*: '2e' is no finite number"),
    "a decimal comma": ("love 1 2\nlike 1,5 2\n", "line 2 .*: '1,5' is no finite number"),
    "commas": ("love,1,2\nlike,3,4\n", "line 1 .*: no numbers"),
    "a header of another size": ("1 3\nlove 1 2\n", "line 2 .*: 2 numbers, and the first line says 3"),
    "a header of a smaller size": ("1 1\nlove 1 2\n", "line 2 .*: 2 numbers or more, and the first line says 1"),
    "a cut file": ("3 2\nlove 1 2\nlike 3 4\n", "line 1 .* 3 words follow, but 2 do: the file was cut"),
    "a header of fewer words": ("1 2\nlove 1 2\nlike 3 4\n", "line 1 .* 1 words follow, but 2 do: correct that line"),
    "latin-1": (b"love 1 2\nfilm 3 4\n" + b"caf\xe9 1 2\n", r"line 3 .* is not UTF-8 \(byte 0xe9\)"),
    "latin-1 with a header": (b"2 2\nlove 1 2\ncaf\xe9 1 2\n", r"line 3 .* is not UTF-8 \(byte 0xe9\)"),
    "UTF-16": ("love 1 2\n".encode("utf-16"), "its text is UTF-16: write it as UTF-8"),
    "a pickle": (b"\x80\x04\x95 binary", "line 1 .*: it has bytes that are no text"),
    "gzip": (gzip.compress(b"love 1 2\n"), r"it is compressed \(gzip\): unpack it first"),
    "zip": (b"PK\x03\x04 and so on", "it is a zip archive: unpack it first"),
    "binary word2vec": (
        b"2 2\nlove " + struct.pack("2f", 1, 2) + b"\nlike \0",
        "it is word2vec's binary format: write",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_another_file_is_named_with_the_line_at_fault(kind: str, tmp_path: Path) -> None:
    text, message = WRONG[kind]
    with pytest.raises(UserError, match=f"^embedding.path={tmp_path}/vectors.txt: {message}"):
        read_vectors(file(tmp_path, text), VOCABULARY)


def test_what_is_no_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="it is a folder, not a file"):
        vector_file(str(tmp_path))
    with pytest.raises(UserError, match="it is a device or a pipe, not a file"):
        vector_file("/dev/null")
    with pytest.raises(UserError, match="no such file"):
        vector_file(str(tmp_path / "none.txt"))
    path = file(tmp_path, "love 1 2\n")

    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(UserError, match=r"vectors.txt: it cannot be read \(Permission denied\)"):
        vector_file(path)


def test_a_file_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    """Wrong only in a row that no vocabulary needs, at the end of the file."""
    path = file(tmp_path, "zebra 1 2\n" * 50 + "zebra 1\n")
    with pytest.raises(UserError, match="line 51 is not a word"):
        preflight(["embedding=pretrained", f"embedding.path={path}", f"hydra.run.dir={tmp_path}/run"])


def test_a_file_is_read_once_in_each_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(tmp_path, "love 1 2\n")
    read: list[str] = []
    original = Rows.read

    def counted(self: Rows, text: bytes, **options: bool) -> object:
        read.append(text.decode())
        return original(self, text, **options)

    monkeypatch.setattr(Rows, "read", counted)
    assert [vector_file(path).size for _ in range(3)] == [2, 2, 2]
    assert len(read) == 2  # the only row is the last one too, whose numbers are read
    file(tmp_path, "love 1 2 3\n")
    assert vector_file(path).size == 3


def test_a_file_without_a_known_word_is_named_at_once(quick_run: Run, tmp_path: Path, capsys) -> None:
    path = file(tmp_path, "xyzzy 1 2 3\n")
    status = quick_run(
        "task=copy", "embedding=pretrained", f"embedding.path={path}", "trainer.max_steps=0", "probe=off"
    )
    assert status["coverage"].startswith("0 of ")
    assert f"embedding.path={path}: {status['coverage']}: each starts at random" in capsys.readouterr().err


def test_the_file_sets_the_size_and_only_a_conflict_is_refused(tmp_path: Path) -> None:
    path = file(tmp_path, "love 1 2 3\n")
    for dim in ([], ["embedding.dim=3"]):
        compose(["embedding=pretrained", f"embedding.path={path}", *dim])
    with pytest.raises(UserError, match=r"embedding\.dim=4: the vectors in .* have 3 numbers"):
        compose(["embedding=pretrained", f"embedding.path={path}", "embedding.dim=4"])


def test_a_network_starts_from_the_vectors_and_says_how_many_words_they_cover(quick_run: Run, tmp_path: Path) -> None:
    vectors = file(tmp_path, "the 1 2 3\nfilm 4 5 6\n")
    status = quick_run("embedding=pretrained", f"embedding.path={vectors}", "trainer.max_steps=0")
    assert status["coverage"].startswith("2 of ")
    weights = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    table = weights["network.embedding.weight"].tolist()
    assert [1, 2, 3] in table and [4, 5, 6] in table


def test_wandb_and_the_checkpoint_hold_the_size_that_the_file_has(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    vectors = f"embedding.path={file(tmp_path, 'the 1 2 3')}"
    train(*QUICK, "trainer.max_steps=0", "embedding=pretrained", vectors, f"hydra.run.dir={folder}").check_returncode()
    kept = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["hyper_parameters"]["config"]
    (sent,) = (record["run"]["config"]["update"] for record in wandb_records(folder) if record["type"] == "run")
    assert (kept["embedding"]["dim"], sent["embedding"]["dim"]) == (3, 3)
