"""Splits examples into a training and a validation part, independent of the seed of a run."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from unrolled.config.schema import TaskConfig
from unrolled.errors import UserError

KEY = "task.split"
COLUMN = "split"  # is used without being asked for
SHARE = 0.2
FEWEST = 10  # examples
SPELLINGS = {"train": 0, "training": 0, "val": 1, "valid": 1, "validation": 1, "test": 2}


class Parts(NamedTuple):
    """Which examples train and which validate.

    train, val: their places, int64, in ascending order.
    how: how they were chosen, for the line that is printed.
    """

    train: np.ndarray
    val: np.ndarray
    how: str


def share_of(config: TaskConfig) -> float | None:
    """Returns the share that validates; None if a column says which example does.

    Raises UserError for a share that is not between 0 and 1.
    """
    if config.split is None:
        return SHARE
    try:
        share = float(config.split)
    except ValueError:
        return None
    if not 0 < share < 1:
        raise UserError(f"{KEY}={config.split}: allowed: a share between 0 and 1, or the name of a column", KEY)
    return share


def column_of(config: TaskConfig) -> str | None:
    """Returns the column that `task.split` names; None if it is a share, or not set."""
    return config.split if share_of(config) is None else None


def enough(n: int, what: str, file: str) -> None:
    """Raises UserError for fewer examples than can be split."""
    if n < FEWEST:
        raise UserError(f"{Path(file).name} has {n} {what}; allowed: {FEWEST} or more", "task.file")


def given(words: Sequence[str], name: str, file: str, rows: Sequence[int]) -> Parts:
    """Returns the parts that a column of words names; examples for a test are left out.

    words: of the column `name`.
    rows: the row of each, for messages.
    Raises UserError for another word than train, val and test, and for a part without an example.
    """
    kinds = [SPELLINGS.get(word.strip().lower()) for word in words]
    for word, kind, row in zip(words, kinds, rows, strict=True):
        if kind is None:
            allowed = "allowed: train, val, test"
            raise UserError(f"{Path(file).name}: {name} is {word!r} in row {row}; {allowed}", KEY)
    each = np.array(kinds)
    train, val = np.flatnonzero(each == 0), np.flatnonzero(each == 1)
    for part, found in (("train", train), ("val", val)):
        if not len(found):
            raise UserError(f"{Path(file).name}: column {name} names no example for {part}", KEY)
    left = int((each == 2).sum())
    return Parts(train, val, f"by the column {name}" + (f"; {left:,} for a test are left out" if left else ""))


def at_random(n: int, share: float, alike: Sequence[Hashable] | None, *, state: int = 0) -> Parts:
    """Returns a random split of n examples; with one state the same one for all seeds.

    share: of the examples that validate.
    alike: a class for each, whose shares are kept; an example that is the only one of its class trains.
    """
    from .draws import drawn

    rows = np.arange(n)
    counts = Counter(alike or [])
    single = np.array([counts[each] == 1 for each in alike]) if alike is not None else np.zeros(n, dtype=bool)
    free = rows[~single]
    wanted = max(1, round(share * n))
    classes = None if alike is None else [alike[i] for i in free]
    kept = classes is not None and len(set(classes)) <= min(wanted, len(free) - wanted)
    train, val = drawn(len(free), min(wanted, len(free) - 1), classes if kept else None, state=state)
    how = f"{share:.0%} at random" + (", with each class's share" if kept else "")
    return Parts(np.sort(np.concatenate([free[train], rows[single]])), np.sort(free[val]), how)


def by_groups(groups: Sequence[str], share: float, name: str, file: str) -> Parts:
    """Returns a random split that keeps groups whole.

    groups: a value of the column `name` for each example.
    Raises UserError if there is one group only.
    """
    from .draws import drawn_whole

    found = len(set(groups))
    if found < 2:
        line = f"task.split_by={name}: {Path(file).name} has one value of it; allowed: a column with two or more"
        raise UserError(line, "task.split_by")
    whole = min(max(1, round(share * found)), found - 1)
    train, val = drawn_whole(groups, whole)
    return Parts(train, val, f"{whole} of {found} values of {name} at random")


def check_whole(parts: Parts, groups: Sequence[str], name: str) -> None:
    """Raises UserError if a group has examples in both parts, although its column keeps groups whole."""
    train = {groups[i] for i in parts.train}
    both = [i for i in parts.val if groups[i] in train]
    if both:
        value = groups[both[0]]
        n = sum(groups[i] == value for i in (*parts.train, *parts.val))
        line = f"{name} {value!r} is in training and in validation ({n:,} examples)"
        raise UserError(f"{line}; task.split_by={name} without a column of parts keeps groups whole", "task.split_by")


def check_classes(labels: Sequence[str], parts: Parts, file: str, what: str = "label") -> None:
    """Raises UserError for a class that is in the validation part and not in the training part."""
    known = {labels[i] for i in parts.train}
    lacking = [i for i in parts.val if labels[i] not in known]
    if lacking:
        n = len(lacking)
        word = labels[lacking[0]]
        raise UserError(
            f"{Path(file).name}: {what} {word!r} is in validation and not in training"
            f" ({n} example{'s' * (n > 1)} of such labels)",
            KEY,
        )


def chosen(
    config: TaskConfig,
    *,
    columns: Mapping[str, Sequence[str]],
    alike: Sequence[Hashable] | None,
    n: int,
    file: str,
    rows: Sequence[int],
) -> Parts:
    """Returns the parts that the configuration asks for.

    columns: the columns `task.split` and `task.split_by` name, and one named `split`, as texts.
    alike: a class for each example, or None.
    n: number of examples.
    rows: the row of each, for messages.
    """
    share = share_of(config)
    named = COLUMN if config.split is None and COLUMN in columns else column_of(config)
    by = columns.get(config.split_by) if config.split_by else None
    if named is not None:
        parts = given(columns[named], named, file, rows)
        if by is not None:
            assert config.split_by is not None
            check_whole(parts, by, config.split_by)
        return parts
    if by is not None:
        assert config.split_by is not None
        assert share is not None
        return by_groups(by, share, config.split_by, file)
    assert share is not None
    return at_random(n, share, alike)
