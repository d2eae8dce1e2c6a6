"""Validates what a user's own task asks for where the configuration leaves it open."""

from dataclasses import replace
from typing import Any

from unrolled.config.compatibility import EMBEDDINGS
from unrolled.config.files import choices, options
from unrolled.config.validate import hint
from unrolled.errors import UserError

from ..data import Data

SIZES = ("dim", "hidden", "epochs")
KEYS = ("loss", "embedding", *SIZES)
LEFT_OPEN = "auto"


def with_defaults(data: Data, given: object) -> Data:
    """Returns the data with the `DEFAULTS` of the file; those that `load` has set count before them.

    given: by name: loss, embedding, dim, hidden, epochs.
    Raises UserError for another name, and for a value that the configuration could not have. Whether a loss fits the
    answers is checked where the losses are known.
    """
    if not isinstance(given, dict):
        raise UserError(f"DEFAULTS is of type {type(given).__name__}; allowed: a dict with {', '.join(KEYS)}")
    both = {**given, **data.defaults}
    for name, value in both.items():
        _check(data, name, value)
    return replace(data, defaults=both)


def _check(data: Data, name: object, value: Any) -> None:
    if name not in KEYS:
        raise UserError(f"DEFAULTS has {name!r}{hint(str(name), KEYS)}; allowed: {', '.join(KEYS)}")
    if name in SIZES:
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise UserError(f"DEFAULTS[{name!r}] is {value!r}; allowed: a whole number from 1 on")
        return
    allowed = _embeddings(data) if name == "embedding" else [each for each in choices()["loss"] if each != LEFT_OPEN]
    if value not in allowed:
        raise UserError(f"DEFAULTS[{name!r}] is {value!r}; allowed: {', '.join(allowed)}")


def _embeddings(data: Data) -> list[str]:
    """Returns the embeddings that fit what the task reads, without those that need a file."""
    tokens = isinstance(data.reads, list) or data.pattern == "vector_to_sequence"
    fitting = EMBEDDINGS["tokens" if tokens else "numbers"]
    return [name for name in fitting if "path" not in options("embedding", name)]
