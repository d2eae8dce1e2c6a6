"""Small files of a user's data, one for each task that reads one, made from a formula."""

import atexit
import csv
import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

WORDS = ["good", "bad", "film", "very", "not", "a", "dull", "fine"]


@cache
def folder() -> Path:
    made = Path(tempfile.mkdtemp(prefix="own-data-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def write(file: Path, head: list[str], rows: list[list[object]]) -> Path:
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([head, *rows])
    return file


def texts(file: Path, n: int = 120) -> Path:
    """Texts of 3 to 8 words; the label is whether "good" is among them."""
    draws = np.random.default_rng(0)
    rows: list[list[object]] = []
    for _ in range(n):
        words = draws.choice(WORDS, size=draws.integers(3, 9)).tolist()
        rows.append([" ".join(words), "yes" if "good" in words else "no"])
    return write(file, ["text", "label"], rows)


def series(file: Path, n: int = 200, period: int = 8) -> Path:
    """A wave of this period with noise."""
    noise = np.random.default_rng(0).normal(size=n)
    return write(file, ["close"], [[f"{np.sin(2 * np.pi * t / period) + 0.1 * noise[t]:.6f}"] for t in range(n)])


def sequences(file: Path, n: int = 100) -> Path:
    """Sequences of 4 to 10 steps of 2 numbers; the class is the sign of the first number of all."""
    draws = np.random.default_rng(0)
    lengths = draws.integers(4, 11, size=n)
    x = draws.normal(size=(int(lengths.sum()), 2)).astype(np.float32)
    first = np.cumsum(lengths) - lengths
    np.savez(file, x=x, lengths=lengths, y=np.where(x[first, 0] > 0, "up", "down"))
    return file


MAKERS = {"texts": (texts, "texts.csv"), "series": (series, "series.csv"), "sequences": (sequences, "sequences.npz")}


@cache
def overrides(name: str) -> list[str]:
    """What a task needs on the command line, [] for a task without a file."""
    if name not in MAKERS:
        return []
    make, file = MAKERS[name]
    return [f"task.file={make(folder() / file)}", *(["task.window=10"] if name == "series" else [])]
