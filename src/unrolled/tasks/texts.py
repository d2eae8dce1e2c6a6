"""Texts of the user's own, from a table: to a class or a number, sequence to vector, or to another text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from unrolled.config.schema import TaskConfig
from unrolled.errors import UserError

from .answers import answers_of, weighted
from .compact import Compact
from .data import Data
from .places import ROW, Places
from .scores import classification
from .tables.parts import COLUMN, Parts, check_classes, chosen, column_of, enough
from .tables.reading import KEY, Frame, column, row_of, table, texts
from .text import build_vocabulary, classified, estimated, words_of
from .texts_file import TextsReader
from .writing import translated

WANTED = "task=texts needs a table: CSV, TSV or parquet"
LEFT_OUT = 0.05  # share of the training texts that the time steps need not hold
MOST_STEPS = 200  # unless `task.length` asks for more
MIN_COUNT = {"word": 2, "letter": 1}


def pieces_of(unit: str | None) -> Callable[[str], list[str]]:
    """Returns the function from a text to its words or letters."""
    return list if unit == "letter" else words_of


def load(config: TaskConfig, seed: int) -> Data:
    """Returns the task. Raises UserError, which names file, row and column, for what is wrong with the table."""
    frame, file = table(config.file, WANTED), str(config.file)
    name = config.text or "text"
    read = texts(column(frame, name, "task.text", file))
    rows = list(range(len(frame)))
    if config.answer is not None:
        return _written(frame, config, read, rows, file)
    return _labelled(frame, config, seed, read, rows, file)


def _labelled(  # noqa: PLR0917
    frame: Frame, config: TaskConfig, seed: int, read: list[str], rows: list[int], file: str
) -> Data:
    label = config.label or "label"
    values = column(frame, label, "task.label", file)
    sentences = Compact.of(map(pieces_of(config.unit), read))
    blank = values.isna() | (values.astype(str).str.strip() == "")
    there = [bool(n) and not gone for n, gone in zip(sentences.lengths, blank, strict=True)]
    rows = _kept(rows, there, config, {config.text or "text": sentences, label: None}, file)
    answers = answers_of(values.iloc[rows], label, config, file, rows)
    enough(len(rows), "rows", file)
    parts = _parts(frame, config, answers.classes, rows, file)
    words = sentences.only(rows)
    settled, notes = _sized(config, words, parts)
    train_words, val_words = (words.only(part) for part in (parts.train, parts.val))
    if answers.classes is None:
        train_numbers, val_numbers = answers.split(parts)
        both = (train_words, train_numbers), (val_words, val_numbers)
        data = estimated(settled, seed, *both, label, pieces_of(config.unit))
    else:
        check_classes(answers.classes, parts, file, label)
        names = answers.names(parts.train)
        index = {each: i for i, each in enumerate(names)}
        labels = [[index[answers.classes[i]] for i in part] for part in (parts.train, parts.val)]
        data = classified(
            settled, seed, (train_words, labels[0]), (val_words, labels[1]), names,
            lambda: classification(len(names)), pieces_of(config.unit),
        )  # fmt: skip
    data = weighted(data, config)
    true = answers.split(parts)[1] if answers.classes is None else [answers.classes[i] for i in parts.val]
    places = Places(ROW, row_of(0) + np.array(rows)[parts.val], true)
    reader = TextsReader(data, config, config.text or "text", label, pieces_of(config.unit), None, WANTED)
    data = replace(data, places=places, read_file=reader)
    return replace(data, notes=[_first(frame, parts, file), *answers.notes, *notes, *data.notes])


def _written(frame: Frame, config: TaskConfig, read: list[str], rows: list[int], file: str) -> Data:
    assert config.answer is not None
    written = texts(column(frame, config.answer, "task.answer", file))
    ours, theirs = pieces_of(config.unit), pieces_of(config.answer_unit or config.unit)
    pairs = [(ours(a), theirs(b)) for a, b in zip(read, written, strict=True)]
    there = [bool(a) and bool(b) for a, b in pairs]
    sides = {config.text or "text": [a for a, _ in pairs], config.answer: [b for _, b in pairs]}
    rows = _kept(rows, there, config, sides, file)
    enough(len(rows), "rows", file)
    parts = _parts(frame, config, None, rows, file)
    kept = [pairs[i] for i in rows]
    settled, notes = _sized(config, Compact.of(a for a, _ in kept), parts)
    separator = "" if (config.answer_unit or config.unit) == "letter" else " "
    data = translated(settled, [kept[i] for i in parts.train], [kept[i] for i in parts.val], ours, separator)
    true = [separator.join(kept[i][1]) for i in parts.val]
    places = Places(ROW, row_of(0) + np.array(rows)[parts.val], true)
    reader = TextsReader(data, config, config.text or "text", config.answer, ours, theirs, WANTED)
    data = replace(data, places=places, read_file=reader)
    return replace(data, notes=[_first(frame, parts, file), *notes])


def _first(frame: Frame, parts: Parts, file: str) -> str:
    train, val = len(parts.train), len(parts.val)
    return f"{Path(file).name}: {len(frame):,} rows; {train:,} train, {val:,} validate ({parts.how})"


def _kept(
    rows: list[int],
    there: Sequence[bool],
    config: TaskConfig,
    columns: Mapping[str, Sequence[Sequence[str]] | None],
    file: str,
) -> list[int]:
    """Returns the rows with a text and an answer. Raises UserError for the first without, unless they are dropped."""
    missing = [i for i in rows if not there[i]]
    if missing and config.missing != "drop":
        i = missing[0]
        empty = next((name for name, words in columns.items() if words is not None and not words[i]), None)
        name = empty or list(columns)[-1]
        n = len(missing)
        line = f"{n:,} of {len(rows):,} rows lack a text or its answer (first: {name} in row {row_of(i)})"
        raise UserError(f"{Path(file).name}: {line}; task.missing=drop leaves them out", KEY)
    return [i for i in rows if there[i]]


def _parts(frame: Frame, config: TaskConfig, alike: list[str] | None, rows: Sequence[int], file: str) -> Parts:
    """Returns the parts of the rows that are kept."""
    columns = _columns(frame, config, rows, file)
    return chosen(config, columns=columns, alike=alike, n=len(rows), file=file, rows=[row_of(i) for i in rows])


def _columns(frame: Frame, config: TaskConfig, rows: Sequence[int], file: str) -> dict[str, list[str]]:
    """Returns the columns that decide the parts, as texts."""
    found = {}
    wanted = [("task.split_by", config.split_by), ("task.split", column_of(config))]
    for key, name in wanted:
        if name is not None:
            every = texts(column(frame, name, key, file))
            found[name] = [every[i] for i in rows]
    if COLUMN in frame.columns and COLUMN not in found:
        every = texts(frame[COLUMN])
        found[COLUMN] = [every[i] for i in rows]
    return found


def _sized(config: TaskConfig, words: Compact, parts: Parts) -> tuple[TaskConfig, list[str]]:
    """Returns the configuration with the time steps and the rarest word that the training part suggests."""
    unit = config.unit or "word"
    train = words.only(parts.train)
    lengths = np.sort(train.lengths)
    suggested = min(int(lengths[int((len(lengths) - 1) * (1 - LEFT_OUT))]), MOST_STEPS)
    length = config.length or suggested
    cut = float((lengths > length).mean())
    min_count = config.min_count or MIN_COUNT[unit]
    n = len(build_vocabulary(train, min_count))
    lines = [
        f"{length} time steps of a {unit} each"
        + (f"; {cut:.0%} of the texts are longer and keep their last" * (cut > 0)),
        f"vocabulary of the training part: {n:,} {unit}s"
        + (f" that occur {min_count} times or more" * (min_count > 1)),
    ]
    return replace(config, length=length, min_count=min_count), lines
