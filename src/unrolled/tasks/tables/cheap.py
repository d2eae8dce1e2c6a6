"""Cheap models that a network is compared with: linear ones of scikit-learn, fitted to fixed features."""

import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..constants import of_all_classes
from ..data import Guess, Later, Split

Features = Any  # an array, or a sparse one of scipy

MOST = 20_000  # training examples of a fit: more change a linear model little and take minutes


def ridge(train: tuple[Features, np.ndarray], val: Features) -> Later:
    """Returns the predictions of a ridge regression, whose penalty leave-one-out cross-validation chooses.

    train: features (N, D) and targets (N, K), of which at most MOST are fitted.
    val: features (M, D).
    """
    return _timed(lambda: _ridge(*_few(train), [val]))


def ridge_on(features: Callable[[Split], Features], train: Split, val: Split, answers: Tensor | None = None) -> Later:
    """Returns what `ridge` does; the features of all examples are never in memory at once.

    features: from examples to features (N, D).
    answers: to the training examples, (N, K); None: their y.
    """
    rows, y = _spread(len(train)), train.y if answers is None else answers
    return _timed(lambda: _ridge(_joined(features, train, rows), y[rows].numpy(), map(features, val.pieces())))


def _ridge(x: Features, y: np.ndarray, val: Iterable[Features]) -> Tensor:
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(with_mean=isinstance(x, np.ndarray)), RidgeCV(np.logspace(-3, 4, 8)))
    model.fit(x, y)
    return torch.from_numpy(np.concatenate([np.asarray(model.predict(part)) for part in val]).reshape(-1, y.shape[1]))


def logistic(train: tuple[np.ndarray, np.ndarray], val: np.ndarray, classes: int) -> Later:
    """Returns the predictions of a logistic regression.

    train: features (N, D) and classes (N,), of which at most MOST are fitted.
    val: features (M, D).
    classes: number of classes.
    """
    return _timed(lambda: _logistic(*_few(train), [val], classes))


def logistic_on(features: Callable[[Split], np.ndarray], train: Split, val: Split, classes: int) -> Later:
    """Returns what `logistic` does; the features of all examples are never in memory at once.

    features: from examples to features (N, D).
    """
    rows, y = _spread(len(train)), train.y
    return _timed(
        lambda: _logistic(_joined(features, train, rows), y[rows].numpy(), map(features, val.pieces()), classes)
    )


def _logistic(x: np.ndarray, y: np.ndarray, val: Iterable[np.ndarray], classes: int) -> Tensor:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(x, y)
    logs = np.concatenate([_log_shares(model.decision_function(part)) for part in val])
    return of_all_classes(logs, model.classes_, classes, len(x))


def _log_shares(scores: np.ndarray) -> np.ndarray:
    """Returns log-probabilities (M, C), finite where a probability rounds to 0. scores: (M, C), (M,) of 2 classes."""
    from scipy.special import log_softmax

    return log_softmax(scores if scores.ndim == 2 else np.stack([np.zeros_like(scores), scores], axis=1), axis=1)


def _few(train: tuple[Features, np.ndarray]) -> tuple[Features, np.ndarray]:
    rows = _spread(len(train[1])).numpy()
    return train[0][rows], train[1][rows]


def _joined(features: Callable[[Split], Features], split: Split, rows: Tensor) -> Features:
    """Returns the features of the examples at these places."""
    parts = [features(piece) for piece in split.pieces(rows)]
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    from scipy.sparse import vstack

    return vstack(parts, format="csr")


def named(name: str, train: Split) -> str:
    """Returns the name of a baseline that is fitted to a part of the training examples, if they are many."""
    return name if len(train) <= MOST else f"{name} (fitted to {MOST:,} examples)"


def _spread(n: int) -> Tensor:
    """Returns at most MOST places, evenly spread over n."""
    return torch.from_numpy(np.unique(np.linspace(0, n - 1, min(n, MOST)).round().astype(np.int64)))


def _timed(fitted: Callable[[], Tensor]) -> Later:
    def guess() -> Guess:
        began = time.perf_counter()
        answer = fitted()
        return Guess(answer, seconds=time.perf_counter() - began)

    return Later(guess)
