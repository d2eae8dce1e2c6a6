"""Mistakes with a file of one's own: each is one line that names file, row or field, and leaves no folder."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unrolled.errors import UserError
from unrolled.run.preflight import preflight

WAVE = [f"{t},{t * 1.5},{np.sin(t):.3f}" for t in range(60)]
SERIES = "\n".join(["date,open,close", *WAVE])
TEXTS = "\n".join(["text,label", *(f"some words {i % 7},{'yes' if i % 2 else 'no'}" for i in range(60))])
NUMBERS = "\n".join(["text,label", *(f"a b {i % 3},{i / 7:.3f}" for i in range(50))])
DAYS = "\n".join(["day,close", *(f"2020-01-{t // 2 + 1:02d},{np.sin(t):.3f}" for t in range(50))])
CLOSE = ["task.target=close", "task.window=5"]

# What is written, the rest of the command line, and what the line has to say.
# ruff: noqa: E501  (one line each)
TABLES: list[tuple[str, str | bytes, list[str], str]] = [
    ("series", SERIES, ["task.target=Close"], "no such column (did you mean close?); columns: date, open, close"),
    ("series", SERIES.replace("0.141", ""), CLOSE, "1 of 60 values of close is missing (first in row 5); task.missing="),
    ("series", SERIES.replace("17,25.5,", '17,25.5,"1,204.5"\n18,1,'), CLOSE,
     "close is no number in row 19 ('1,204.5'); task.thousands=\",\""),
    ("series", SERIES, ["task.target=close", "task.window=400"], "training part has 48 rows, and no window of it is left"),
    ("series", SERIES, ["task.target=close", "task.horizon=0"], "task.horizon=0 is out of range: must be at least 1"),
    ("series", SERIES.replace(",", ";"), CLOSE, "has one column, 'date;open;close': if ';' separates its columns, save it"),
    ("series", SERIES.replace("open", "close"), CLOSE, "has two columns named close"),
    ("series", SERIES + "\nTotal,,1.0", [*CLOSE, "task.inputs=all"], "1 of 61 values of open is missing (first in row 62)"),
    ("series", DAYS, [*CLOSE, "task.inputs=day"], "day is no number in row 2 ('2020-01-01')"),
    ("series", DAYS, [*CLOSE, "task.time=day"], "day is 2020-01-01 in rows 2 and 3; allowed: each time once"),
    ("series", DAYS.replace("2020", "in 2020"), [*CLOSE, "task.time=day"], "day is no time in row 2 ('in 2020-01-01')"),
    ("series", "close\n" + "1.0\n" * 60, ["task.window=5"], "close is 1 in all training windows; there is nothing to learn"),
    ("series", "\n".join(SERIES.splitlines()[:7]), CLOSE, "has 6 rows; allowed: 10 or more"),
    ("series", "close\n" + f"{10**30}\n" * 60, [], "does not decide: it has no column of numbers"),
    ("series", "g,close\n" + "".join(f"{t // 2},{np.sin(t)}\n" for t in range(80)), [*CLOSE, "task.group=g"],
     "the training part has 80 rows in 40 series, and no window of it is left"),
    ("texts", TEXTS, ["task.label=stars"], "task.label=stars: table.csv has no such column; columns: text, label"),
    ("texts", TEXTS, ["task.text=Text"], "has no such column (did you mean text?)"),
    ("texts", TEXTS, ["task.answers=numbers"], "label is no number in row 2 ('no')"),
    ("texts", TEXTS, ["task.split=1.5"], "allowed: a share between 0 and 1, or the name of a column"),
    ("texts", NUMBERS, ["loss=cross_entropy"], "does not fit task=texts, which answers with numbers: use one of mse"),
    ("texts", NUMBERS, ["task.weights=balanced"], "the answers are numbers; allowed with classes alone"),
    ("texts", TEXTS + "\n,yes", [], "1 of 61 rows lack a text or its answer (first: text in row 62); task.missing=drop"),
    ("texts", TEXTS + "\nhello, dear, friend,yes", [], "is no table: Error tokenizing data"),
    ("texts", 'text,label\na,no\n"b,yes\n' + "c,no\n" * 30, [], "EOF inside string starting at row 2"),
    ("texts", TEXTS.replace("words", "w\xf6rter").encode("latin-1"), [], "is not text in UTF-8 (byte 17)"),
    ("texts", gzip.compress(TEXTS.encode(), mtime=0), [], "is not text in UTF-8 (byte 1)"),
    ("texts", "text,label\n", [], "has a head and no rows"),
    ("texts", "", [], "table.csv is empty"),
    ("texts", "text,label,split\n" + "a b,sun,train\nc d,rain,train\n" * 20 + "e f,snow,val\ng h,sun,val\n" * 5,
     ["task.split=split"], "label 'snow' is in validation and not in training"),
    ("texts", "text,label,split\n" + "a b,yes,learn\nc d,no,check\n" * 20, ["task.split=split"],
     "split is 'learn' in row 2; allowed: train, val, test"),
    ("texts", "text,label,author\n" + "a b,yes,z\nc d,no,z\n" * 20, ["task.split_by=author"],
     "table.csv has one value of it; allowed: a column with two or more"),
]  # fmt: skip


def only_line(folder: Path, *words: str) -> str:
    """The one line of a mistake; no folder is left."""
    with pytest.raises(UserError) as raised:
        preflight([*words, "tracker=none", f"hydra.run.dir={folder / 'run'}"])
    assert "\n" not in str(raised.value) and not (folder / "run").exists()
    return str(raised.value)


@pytest.mark.parametrize(("task", "content", "words", "says"), TABLES, ids=[says[:40] for *_, says in TABLES])
def test_a_mistake_with_a_table_is_one_line(
    task: str, content: str | bytes, words: list[str], says: str, tmp_path: Path
) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    line = only_line(tmp_path, f"task={task}", f"task.file={file}", *words)
    assert says in line and ("table.csv" in line or "task." in line or "loss=" in line)


def spoilt(values: np.ndarray, place: tuple[int, ...], value: float) -> np.ndarray:
    values[place] = value
    return values


def draw(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape)


ARCHIVES: list[tuple[Callable[[], dict[str, Any]], list[str], str]] = [
    (lambda: {"x": np.array([draw(3, 2), draw(4, 2)], dtype=object), "y": draw(2)}, [], "holds Python objects, which are"),
    (lambda: {"x": draw(30, 2), "lengths": [10, 11], "y": draw(2)}, [], "the lengths add up to 21, and x has 30 steps"),
    (lambda: {"x": draw(30, 2), "lengths": [31, -1], "y": draw(2)}, [], "lengths[1] is -1; allowed: 1 or more"),
    (lambda: {"x": draw(30, 4, 2), "y": draw(29)}, [], "y has the shape (29,); allowed: (30,) or (30, K)"),
    (lambda: {"X": draw(30, 4, 2), "y": draw(30)}, [], "has no array x (did you mean X?); it has: X, y"),
    (lambda: {"x": draw(30, 4, 2, 2), "y": draw(30)}, [], "x has the shape (30, 4, 2, 2); allowed without lengths"),
    (lambda: {"x": draw(30, 4, 2) * 1j, "y": draw(30)}, [], "x is complex128; allowed: numbers"),
    (lambda: {"x": draw(30, 4, 2), "y": spoilt(draw(30), (3,), np.nan)}, [], "y is not finite in sequence 3"),
    (lambda: {"x": spoilt(draw(30, 4, 2), (2, 1, 0), np.nan), "y": draw(30)}, [],
     "1 of 120 steps of x have missing values (first in sequence 2, step 1); task.missing=interpolate, drop or last"),
    (lambda: {"x": spoilt(draw(30, 4, 2), (2, 1, 0), np.inf), "y": draw(30)}, [], "x is inf in sequence 2, step 1"),
    (lambda: {"x": draw(30, 4, 2), "y": np.ones(30)}, [], "y is 1 in the whole training part; there is nothing to learn"),
    (lambda: {"x": draw(60, 6, 2), "y": np.arange(60) % 2}, ["task.delay=3"], "an answer a sequence; allowed: with one a"),
    (lambda: {"x": draw(60, 6, 2), "y": draw(60)}, ["task.weights=balanced"], "the answers are numbers; allowed with"),
]  # fmt: skip


@pytest.mark.parametrize(("arrays", "words", "says"), ARCHIVES, ids=[says[:40] for *_, says in ARCHIVES])
def test_a_mistake_with_an_archive_is_one_line(
    arrays: Callable[[], dict[str, Any]], words: list[str], says: str, tmp_path: Path
) -> None:
    file = tmp_path / "data.npz"
    np.savez(file, **arrays())
    assert says in only_line(tmp_path, "task=sequences", f"task.file={file}", *words)


FILES = [
    ("texts", "review.csv", "task.file=review.csv: no such file"),
    ("texts", "reviews.xlsx", "its name must end in .csv, .tsv, .tab, .parquet, .pq"),
    ("sequences", "data.pkl", "its name must end in .npz"),
    ("texts", "folder.csv", "it is a folder, not a file"),
    ("sequences", "half.npz", "half.npz is no archive of numpy"),
]


@pytest.mark.parametrize(("task", "name", "says"), FILES)
def test_a_file_that_is_none_is_one_line(
    task: str, name: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.csv").mkdir()
    np.savez(tmp_path / "whole.npz", x=draw(30, 4, 2), y=draw(30))
    content = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "half.npz").write_bytes(content[: len(content) // 2])
    assert says in only_line(tmp_path, f"task={task}", f"task.file={name}")


def test_labels_that_differ_in_case_or_blanks_are_named(tmp_path: Path) -> None:
    from unrolled.run.preflight import compose
    from unrolled.tasks import load

    (tmp_path / "table.csv").write_text(TEXTS.replace("yes", "Yes ", 1))
    config = compose(["task=texts", f"task.file={tmp_path / 'table.csv'}", "tracker=none"])
    assert "label: 'no'" not in str(load(config.task, 0).notes)
    assert "label: 'Yes ' and 'yes' differ in case or blanks alone" in load(config.task, 0).notes
