"""Reads a table by its file's ending, and its columns as texts or numbers; each error names file and row."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from unrolled.config.stamp import Stamp, stamp
from unrolled.config.validate import hint
from unrolled.digits import exact
from unrolled.errors import UserError, in_words
from unrolled.processes.logs import announce

Frame = Any  # a frame or column of pandas, whose type stubs do not cover their arithmetic

KEY = "task.file"
SEPARATORS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
OTHER_MARKS = (";", "\t", "|")  # that separate columns elsewhere
PARQUET = (".parquet", ".pq")
ABSENT = ("", "na", "n/a", "nan", "null", "none", "#n/a", "-nan")  # in a column of numbers, in any case
LISTED = 12  # columns named in a message
MB = 1e6
KEPT = 10 * MB  # size of a file up to which what was read is kept beside the data that are made of it


def table(file: str | None, wanted: str) -> Frame:
    """Returns a table with its rows in the order of the file; a small one is read once in each of the file's states.

    file: as `task.file` has it.
    wanted: what the task needs, for the message where there is no file.
    Raises UserError if there is no such file, or it is no table.
    """
    known = known_file(file, wanted, (*SEPARATORS, *PARQUET))
    return (_read if known.size <= KEPT else _read.__wrapped__)(known)


def known_file(file: str | None, wanted: str, endings: Sequence[str]) -> Stamp:
    """Returns the stamp of a file of data. Raises UserError if there is none, or its name has another ending."""
    if not file:
        raise UserError(f"{KEY} is empty: {wanted}", KEY)
    ending = Path(file).suffix.lower()
    if ending not in endings:
        raise UserError(f"{KEY}={file}: its name must end in {', '.join(endings)}; {wanted}", KEY)
    try:
        known = stamp(file)
    except FileNotFoundError:
        raise UserError(f"{KEY}={file}: no such file", KEY) from None
    except OSError as error:
        raise UserError(f"{KEY}={file}: it cannot be read ({error.strerror})", KEY) from None
    if not known.file.is_file():
        raise UserError(f"{KEY}={file}: it is a folder, not a file", KEY)
    return known


@lru_cache(1)
def _read(known: Stamp) -> Frame:
    file = known.file
    announce(f"reading {file.name} ({known.size / MB:z,.1f} MB)")
    try:
        frame = _parsed(file)
    except UnicodeDecodeError as error:
        raise UserError(f"{file.name} is not text in UTF-8 (byte {error.start:,})", KEY) from None
    except pd.errors.EmptyDataError:
        raise UserError(f"{file.name} is empty", KEY) from None
    except OSError as error:
        raise UserError(f"{file.name} cannot be read: {error.strerror or in_words(error)}", KEY) from None
    except UserError:
        raise
    except Exception as error:  # a foreign file can raise anything
        raise UserError(f"{file.name} is no table: {' '.join(str(error).split())}", KEY) from None
    frame.columns = [str(name) for name in frame.columns]
    if not len(frame):
        raise UserError(f"{file.name} has a head and no rows", KEY)
    return frame


def _parsed(file: Path) -> Frame:
    if file.suffix.lower() in PARQUET:
        try:
            return pd.read_parquet(file).reset_index(drop=True)
        except ImportError:
            raise UserError(f"{file.name}: parquet needs another package: pip install pyarrow", KEY) from None
    form: Any = {"sep": SEPARATORS[file.suffix.lower()], "encoding": "utf-8-sig", "skipinitialspace": True}
    # "NA" and "null" are words of a text.
    frame = pd.read_csv(file, keep_default_na=False, na_values=[""], low_memory=False, index_col=False, **form)
    head = pd.read_csv(file, keep_default_na=False, header=None, nrows=1, dtype=str, **form).iloc[0].tolist()
    _check_head(head, file)
    return frame


def _check_head(names: Sequence[str], file: Path) -> None:
    """Raises UserError for two columns of one name, which pandas renames, and for another separator."""
    twice = [name for name in names if name and names.count(name) > 1]
    if twice:
        raise UserError(f"{file.name} has two columns named {twice[0]}", KEY)
    marks = [mark for mark in OTHER_MARKS if len(names) == 1 and mark in names[0]]
    if marks:
        line = f"{file.name} has one column, {names[0]!r}: if {marks[0]!r} separates its columns"
        raise UserError(f"{line}, save it with commas, or with tabs as .tsv", KEY)


def row_of(index: int) -> int:
    """Returns the row of a record as a spreadsheet counts it: from 1, the head first."""
    return index + 2


def column(frame: Frame, name: str, key: str, file: str) -> Frame:
    """Returns a column. Raises UserError, with the columns that there are, if the table lacks it."""
    if name not in frame.columns:
        known = [str(each) for each in frame.columns]
        listed = ", ".join(known[:LISTED]) + (f" and {len(known) - LISTED} more" if len(known) > LISTED else "")
        where = f"{Path(file).name} has no such column{hint(name, known)}; columns: {listed}"
        raise UserError(f"{key}={name}: {where}", key)
    return frame[name]


def is_numeric(values: Frame) -> bool:
    """Whether a column holds numbers alone, or nothing."""
    return bool(pd.api.types.is_numeric_dtype(values)) and not pd.api.types.is_bool_dtype(values)


def numbers(values: Frame, name: str, file: str, thousands: str | None = None) -> np.ndarray:
    """Returns a column as float64, (N,); nan where a value is missing.

    values: the column.
    name, file: for messages.
    thousands: the mark between thousands.
    Raises UserError, with the row, for a text that is no number, and for inf.
    """
    if is_numeric(values):
        found = values.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        texts: Frame = values.astype(str).str.strip()
        if thousands:
            texts = texts.str.replace(thousands, "", regex=False)
        absent = texts.str.lower().isin(ABSENT) | values.isna()
        parsed: Frame = pd.to_numeric(texts.mask(absent), errors="coerce")
        found = parsed.to_numpy(dtype=np.float64, na_value=np.nan)
        wrong = np.flatnonzero(np.isnan(found) & ~np.asarray(absent))
        if len(wrong):
            raise _no_number(str(values.iloc[wrong[0]]), name, file, row_of(int(wrong[0])), thousands)
    infinite = np.flatnonzero(np.isinf(found))
    if len(infinite):
        row = row_of(int(infinite[0]))
        raise UserError(f"{Path(file).name}: {name} is {found[infinite[0]]} in row {row}; allowed: finite numbers", KEY)
    return found


def _no_number(text: str, name: str, file: str, row: int, thousands: str | None) -> UserError:
    bare = text.strip().replace(",", "").replace("_", "").replace("'", "").replace(" ", "")
    mark = next((each for each in (",", "'", " ", "_") if each in text.strip()), None)
    try:
        float(bare)
    except ValueError:
        mark = None
    advice = f'; task.thousands="{mark}"' if mark and not thousands else ""
    shown = text if len(text) <= 40 else f"{text[:40]} ..."
    return UserError(f"{Path(file).name}: {name} is no number in row {row} ({shown!r}){advice}", KEY)


def texts(values: Frame) -> list[str]:
    """Returns a column as texts, "" where a value is missing; a whole number without its decimals."""
    if pd.api.types.is_float_dtype(values):
        return ["" if pd.isna(each) else exact(each) for each in values]
    return ["" if gone else str(each) for each, gone in zip(values, values.isna(), strict=True)]
