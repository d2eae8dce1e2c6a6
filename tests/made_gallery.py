"""Small files with the names and columns of the gallery's data sets, made from formulas."""

from pathlib import Path

import numpy as np

import own_data
from unrolled.gallery.data_sets import DATA_SETS


def write(folder: Path) -> None:
    """Writes a file for each data set."""
    folder.mkdir()
    rows: list[list[object]] = [[1700 + t, 50 + 40 * np.sin(2 * np.pi * t / 11)] for t in range(200)]
    own_data.write(folder / "sunspots.csv", ["year", "sunspots"], rows)
    own_data.sequences(folder / "vowels.npz")
    draws = np.random.default_rng(0)
    letters = ["".join(draws.choice(list("abcde"), size=draws.integers(3, 9))) for _ in range(120)]
    own_data.write(folder / "tweets.csv", ["text", "author"], [[" ".join(each), each[0]] for each in letters])
    own_data.write(folder / "names.csv", ["name", "gender"], [[each, each[-1] in "ab"] for each in letters])
    own_data.write(folder / "phonemes.csv", ["word", "phonemes"], [[each, " ".join(each.upper())] for each in letters])
    x = draws.normal(size=(60 * 50, 5)).astype(np.float32)
    np.savez(folder / "cartpole.npz", x=x, lengths=np.full(60, 50), y=x[:, 3])
    assert {file.name for file in folder.iterdir()} == {each.file for each in DATA_SETS.values()}
