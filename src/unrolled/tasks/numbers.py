"""From a number in English words to the same number in another language, encoder-decoder: irregular, but exact.

Made by the package num2words (LGPL). French, Spanish and Portuguese are written word by word; German, Italian and
Dutch, where a number is one word, letter by letter. Numbers that validate never occur in training.
"""

import random
from functools import cache

from num2words import num2words

from unrolled.config.schema import TaskConfig
from unrolled.errors import UserError

from .data import Data
from .text import words_of
from .writing import translated

BY_LETTERS = ("de", "it", "nl")
VALIDATION = 500  # numbers
ALWAYS = 100  # the numbers below are all in training: each is a word of its own or nearly so


def load(config: TaskConfig, seed: int) -> Data:
    """`task.samples` numbers below 10 ** `task.digits`. Raises UserError where there are not so many."""
    assert config.samples is not None and config.digits is not None and config.language is not None
    most = 10**config.digits - ALWAYS - VALIDATION
    if config.samples > most:
        raise UserError(f"task.samples={config.samples}: below 10 ** {config.digits} there are {most} for training")
    drawn = random.Random(seed).sample(range(ALWAYS, 10**config.digits), config.samples + VALIDATION)
    held, train = drawn[:VALIDATION], [*range(ALWAYS), *drawn[VALIDATION:]]
    language = config.language
    return translated(config, [_pair(n, language) for n in train], [_pair(n, language) for n in held])


@cache
def _pair(number: int, language: str) -> tuple[list[str], list[str]]:
    other = num2words(number, lang=language)
    letters = language in BY_LETTERS
    return words_of(num2words(number, lang="en")), list(other) if letters else words_of(other)
