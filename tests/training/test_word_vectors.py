"""Word vectors from files as GloVe and word2vec write them, and from files that are none."""

from pathlib import Path

import pytest
import torch

from conftest import QUICK, Run, train, wandb_records
from unrolled.errors import UserError
from unrolled.run.preflight import compose
from unrolled.training.word_vectors import read_vectors

VOCABULARY = ["<pad>", "<unk>", "love", "like", "new york", "film"]


def file(folder: Path, text: str | bytes) -> str:
    path = folder / "vectors.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@pytest.mark.parametrize("head", ["", "4 3\n"], ids=["GloVe", "word2vec"])
def test_both_formats_are_read(head: str, tmp_path: Path) -> None:
    text = head + "Love 1 2 3\nlike -0.5 2e-1 7 \nnew york 4 5 6\nzebra 0 0 0\n"
    found = read_vectors(file(tmp_path, text), VOCABULARY)
    assert found.values.shape == (3, 3)
    assert dict(zip(found.rows.tolist(), found.values.tolist(), strict=True)) == {
        2: [1, 2, 3],
        3: [-0.5, 0.2, 7],
        4: [4, 5, 6],
    }
    assert found.coverage == "3 of 4 words (75%) have a vector in the file"


def test_the_word_itself_comes_before_its_capital_form(tmp_path: Path) -> None:
    found = read_vectors(file(tmp_path, "Love 1 1\nlove 2 2\nLOVE 3 3\n"), VOCABULARY)
    assert found.values.tolist() == [[2, 2]]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("hello\n", 1),
        ("love 1 2\nlike 1\n", 2),
        ("love 1 2\nlike 1 2 3\n", 2),
        ("love 1 x\n", 1),
        ("a 1 2\nb 1 2\nc 1 2\nd 1 2\nlove 1 x\n", 5),
        ("love 1 nan\n", 1),
        (b"\x80\x04\x95 binary", 1),
        ("{\n", 1),
    ],
)
def test_another_file_is_told_with_the_line_at_fault(text: str | bytes, line: int, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"line {line} is not a word and its numbers"):
        read_vectors(file(tmp_path, text), VOCABULARY)


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
