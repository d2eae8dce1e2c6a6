"""Reads an archive of sequences (.npz): `x`, `lengths`, `y`, and what else it may name."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from unrolled.config.stamp import Stamp
from unrolled.config.validate import hint
from unrolled.errors import UserError, in_words
from unrolled.processes.logs import announce

from .reading import KEPT, KEY, MB, known_file

WANTED = "task=sequences needs an archive of numpy: np.savez(file, x=..., lengths=..., y=...)"
NEEDED = ("x", "y")


@dataclass(frozen=True)
class Sequences:
    """N sequences of E numbers a step, one after the other.

    name: of the file.
    steps: (S, E), float32 or float64, S steps in all.
    lengths: int64 (N,), whose sum is S.
    y: (N,) or (N, K) with an answer each, or (S,) or (S, K) with an answer a step.
    by_step: which of both.
    others: further arrays of N values, by name.
    numbers: place of each in the archive, int64 (N,).
    answered: whether the archive has `y`; otherwise all answers here are 0, one a sequence.
    """

    name: str
    steps: np.ndarray
    lengths: np.ndarray
    y: np.ndarray
    by_step: bool
    others: dict[str, np.ndarray]
    numbers: np.ndarray
    answered: bool = True

    @property
    def starts(self) -> np.ndarray:
        """Returns the place of each sequence's first step, int64 (N,)."""
        return np.cumsum(self.lengths) - self.lengths


def archive(file: str | None, needed: Sequence[str] = NEEDED) -> Sequences:
    """Returns the sequences of an archive; a small one is read once in each of the file's states.

    needed: names of the arrays that it must have.
    Raises UserError if there is no such file, or its arrays do not fit each other.
    """
    known = known_file(file, WANTED, (".npz",))
    return (_read if known.size <= KEPT else _read.__wrapped__)(known, tuple(needed))


@lru_cache(1)
def _read(known: Stamp, needed: tuple[str, ...]) -> Sequences:
    name = known.file.name
    announce(f"reading {name} ({known.size / MB:z,.1f} MB)")
    arrays = _arrays(known.file)
    for key in needed:
        if key not in arrays:
            raise UserError(f"{name} has no array {key}{hint(key, arrays)}; it has: {', '.join(arrays)}", KEY)
    x, y = arrays.pop("x"), arrays.pop("y", None)
    if x.dtype.kind not in "iufb":
        raise UserError(f"{name}: x is {x.dtype}; allowed: numbers", KEY)
    if x.ndim == 1:
        x = x[:, None]
    lengths = _lengths(arrays.pop("lengths", None), x, name)
    steps = _one_after_the_other(x, lengths, name)
    return _with_answers(name, steps, lengths, y, arrays, padded=x.shape[:2] if x.ndim == 3 else None)


def _arrays(file: Path) -> dict[str, np.ndarray]:
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as found:  # numpy leaves a broken one open
            return {key: found[key] for key in found.files}
    except ValueError as error:
        if "pickle" in str(error).lower():
            line = "holds Python objects, which are never unpickled; allowed: arrays of numbers or of texts"
            raise UserError(f"{file.name} {line} (np.array(labels, dtype=str))", KEY) from None
        raise UserError(f"{file.name} is no archive of numpy: {in_words(error)}", KEY) from None
    except (OSError, zipfile.BadZipFile, EOFError, AttributeError, TypeError) as error:
        raise UserError(f"{file.name} is no archive of numpy: {in_words(error)}", KEY) from None


def _lengths(lengths: np.ndarray | None, x: np.ndarray, name: str) -> np.ndarray:
    """Returns the lengths, int64 (N,). Raises UserError if they do not fit x."""
    if lengths is None:
        if x.ndim != 3:
            line = f"x has the shape {x.shape}; allowed without lengths: (N, T, E)"
            raise UserError(f"{name}: {line}; with lengths: (sum of the lengths, E)", KEY)
        return np.full(len(x), x.shape[1], dtype=np.int64)
    if lengths.ndim != 1 or lengths.dtype.kind not in "iu":
        raise UserError(f"{name}: lengths is {lengths.dtype} {lengths.shape}; allowed: whole numbers (N,)", KEY)
    found = lengths.astype(np.int64)
    short = np.flatnonzero(found < 1)
    if len(short):
        raise UserError(f"{name}: lengths[{short[0]}] is {found[short[0]]}; allowed: 1 or more", KEY)
    if x.ndim == 3:
        if len(found) != len(x):
            raise UserError(f"{name}: x has {len(x):,} sequences and lengths {len(found):,}", KEY)
        long = np.flatnonzero(found > x.shape[1])
        if len(long):
            line = f"lengths[{long[0]}] is {found[long[0]]}, and x has {x.shape[1]} steps"
            raise UserError(f"{name}: {line}", KEY)
    elif int(found.sum()) != len(x):
        raise UserError(f"{name}: the lengths add up to {int(found.sum()):,}, and x has {len(x):,} steps", KEY)
    return found


def _one_after_the_other(x: np.ndarray, lengths: np.ndarray, name: str) -> np.ndarray:
    """Returns the real steps, (S, E). Sequences in x (N, T, E) start at its first step."""
    if x.ndim not in (2, 3):
        raise UserError(f"{name}: x has the shape {x.shape}; allowed: (N, T, E), or (sum of the lengths, E)", KEY)
    values = x if x.dtype.kind == "f" and x.dtype.itemsize >= 4 else x.astype(np.float32)
    if x.ndim == 2:
        return values
    if bool((lengths == x.shape[1]).all()):
        return values.reshape(-1, x.shape[2])
    real = np.arange(x.shape[1]) < lengths[:, None]
    return values[real]


def _with_answers(  # noqa: PLR0917
    name: str,
    steps: np.ndarray,
    lengths: np.ndarray,
    y: np.ndarray | None,
    others: dict[str, np.ndarray],
    padded: Sequence[int] | None,
) -> Sequences:
    n, total = len(lengths), int(lengths.sum())
    answered = y is not None
    y = np.zeros(n) if y is None else y
    if y.dtype.kind not in "iufbUS":
        raise UserError(f"{name}: y is {y.dtype}; allowed: numbers or texts", KEY)
    if y.dtype.kind == "S":
        y = np.char.decode(y, "utf-8")
    if padded is not None and y.ndim >= 2 and y.shape[:2] == tuple(padded) and y.shape[1] > 1:
        y = y[np.arange(padded[1]) < lengths[:, None]]
        by_step = True
    elif len(y) == n and y.ndim in (1, 2):
        by_step = False
    elif len(y) == total and y.ndim in (1, 2):
        by_step = True
    else:
        allowed = f"({n:,},) or ({n:,}, K) with an answer a sequence, ({total:,},) or ({total:,}, K) with one a step"
        raise UserError(f"{name}: y has the shape {y.shape}; allowed: {allowed}", KEY)
    wrong = [key for key, values in others.items() if values.shape != (n,)]
    if wrong:
        line = f"{wrong[0]} has the shape {others[wrong[0]].shape}; allowed: ({n:,},), a value a sequence"
        raise UserError(f"{name}: {line}", KEY)
    return Sequences(name, steps, lengths, y, by_step, others, np.arange(n), answered)
