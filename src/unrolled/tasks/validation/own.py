"""Validates the `Data` of a user's own task, once, as soon as it is loaded."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytorch_lightning as pl
from pytorch_lightning.utilities.seed import isolate_rng
from torch import Generator

from unrolled.config.schema import TaskConfig
from unrolled.errors import UserError
from unrolled.rnn import PATTERNS
from unrolled.rnn.init import stream

from ..data import Data, Split, Stream
from ..own_file import code_of, import_file, noted
from .defaults import with_defaults
from .form import Form
from .scores import check_comparisons, check_scores, is_number
from .split import check_split

FIRST_BATCH = 32  # generated examples that are checked before training


def loaded(config: TaskConfig, seed: int) -> Data:
    """Returns the data of a user's own task; each batch that it generates is checked, too, when it is made.

    The task may draw from the global random generators, which are seeded meanwhile and restored.

    Raises UserError, which names the file and what is wrong, where, and what is allowed.
    """
    file = str(config.file)
    with isolate_rng():
        pl.seed_everything(seed, workers=True, verbose=False)
        module = import_file(config.file, seeded=True)
        with noted(config.file):
            with code_of(file, "load(config, seed)"):
                data = module.load(config, seed)
            with code_of(file):
                return with_defaults(validated(data, file), getattr(module, "DEFAULTS", {}))


def validated(data: object, file: str) -> Data:
    if not isinstance(data, Data):
        raise UserError(f"load() returned {type(data).__name__}, not unrolled.tasks.data.Data")
    form = _form(data)
    train = data.train
    if isinstance(train, Stream):
        train = _checked(train, form, file)
    else:
        check_split(train, form, "the training split")
    check_split(data.val, form, "the validation split")
    check_scores(data, form, file)
    check_comparisons(data, form, file)
    _check_words(data)
    return replace(data, train=train)


def _form(data: Data) -> Form:
    if data.pattern not in list(PATTERNS):
        raise UserError(f"pattern is {data.pattern!r}; allowed: {', '.join(PATTERNS)}")
    reads, answers = _names(data.reads, "reads", "tokens", 1), _names(data.answers, "answers", "classes", 2)
    form = Form(data.pattern, reads, answers)
    if form.reads_vectors and isinstance(reads, list):
        raise UserError(f"reads is a list; allowed in {data.pattern}: D, how many numbers the vector x has")
    if form.writes and (not isinstance(answers, list) or len(answers) < 3):
        wanted = "a list of 3 or more tokens, of which 0 is read first and 1 ends a sequence"
        raise UserError(f"answers is {answers!r}; allowed in {data.pattern}: {wanted}")
    return form


def _names(value: object, field: str, what: str, least: int) -> list[str] | int:
    allowed = f"allowed: a list of the names of {least} or more {what}, or how many numbers there are"
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 1:
            raise UserError(f"{field} is {value}; {allowed}")
        return value
    if not isinstance(value, list):
        raise UserError(f"{field} is of type {type(value).__name__}; {allowed}")
    for i, name in enumerate(value):
        if not isinstance(name, str):
            raise UserError(f"{field}[{i}] is of type {type(name).__name__}; {allowed}")
    name, times = (Counter(value).most_common(1) or [("", 0)])[0]
    if times > 1:
        raise UserError(f"{field} has {name!r} {times} times; allowed: each name once")
    if len(value) < least:
        raise UserError(f"{field} has {len(value)} names; {allowed}")
    return value


def _checked(train: Stream, form: Form, file: str) -> Stream:
    """Returns the stream, whose batches are checked as they are made. Raises UserError if its first batch is wrong."""
    for name in ("samples", "seed"):
        value, least = getattr(train, name), 1 if name == "samples" else 0
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise UserError(f"{name} of the training stream is {value!r}; allowed: a whole number from {least} on")
    if not callable(train.make):
        raise UserError(f"make of the training stream is of type {type(train.make).__name__}; allowed: a function")
    made = _checked_make(train.make, form, file)
    with isolate_rng():  # a task may draw from the global generators
        made(min(FIRST_BATCH, train.samples), stream(train.seed, "train/0/0"))
    return replace(train, make=made)


def _checked_make(make: Callable[[int, Generator], Split], form: Form, file: str) -> Callable[[int, Generator], Split]:
    def made(n: int, generator: Generator) -> Split:
        with code_of(file, "make of the training stream"):
            found = make(n, generator)
            check_split(found, form, "a batch of the training stream", n)
        return found

    return made


def _check_words(data: Data) -> None:
    """Raises UserError for what is wrong with the fields about words and with the remarks."""
    for name, kinds, allowed in (
        ("encode", Callable, "a function, or None"),
        ("remark", str, "a text, or None"),
    ):
        value = getattr(data, name)
        if value is not None and not isinstance(value, kinds):  # type: ignore[arg-type]
            raise UserError(f"{name} is of type {type(value).__name__}; allowed: {allowed}")
    if data.dependency is not None and not (is_number(data.dependency) and data.dependency >= 0):
        raise UserError(f"dependency is {data.dependency!r}; allowed: time steps from 0 on, or None")
    if not isinstance(data.vectors, dict):
        raise UserError(f"vectors is of type {type(data.vectors).__name__}; allowed: a dict from words to numbers")
    for word, vector in data.vectors.items():
        if not isinstance(vector, list) or not vector or not all(map(is_number, vector)):
            raise UserError(f"vectors[{word!r}] is not a list of finite numbers")
    sizes = {len(vector): word for word, vector in data.vectors.items()}
    if len(sizes) > 1:
        (one, word), (other, second) = list(sizes.items())[:2]
        raise UserError(f"vectors[{word!r}] has {one} numbers and {second!r} {other}; allowed: the same for all")
    if not isinstance(data.pairs, list):
        raise UserError(f"pairs is of type {type(data.pairs).__name__}; allowed: a list of pairs of words")
    for i, pair in enumerate(data.pairs):
        if not (isinstance(pair, tuple | list) and len(pair) == 2 and all(isinstance(word, str) for word in pair)):
            raise UserError(f"pairs[{i}] is {pair!r}; allowed: a pair of words")
