"""Cheap models that a network is compared with: linear ones of scikit-learn, fitted to fixed features."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..constants import of_all_classes
from ..data import Guess, Later

Features = Any  # an array, or a sparse one of scipy

MOST = 20_000  # training examples of a fit: more change a linear model little and take minutes


def ridge(train: tuple[Features, np.ndarray], val: Features) -> Later:
    """Returns the predictions of a ridge regression, whose penalty leave-one-out cross-validation chooses.

    train: features (N, D) and targets (N, K).
    val: features (M, D).
    """

    def fitted() -> Tensor:
        from sklearn.linear_model import RidgeCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        x, y = (part[_spread(part.shape[0])] for part in train)
        model = make_pipeline(StandardScaler(with_mean=isinstance(x, np.ndarray)), RidgeCV(np.logspace(-3, 4, 8)))
        return torch.from_numpy(np.asarray(model.fit(x, y).predict(val)).reshape(val.shape[0], y.shape[1]))

    return _timed(fitted)


def logistic(train: tuple[np.ndarray, np.ndarray], val: np.ndarray, classes: int) -> Later:
    """Returns the predictions of a logistic regression.

    train: features (N, D) and classes (N,).
    val: features (M, D).
    classes: number of classes.
    """

    def fitted() -> Tensor:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        x, y = (part[_spread(part.shape[0])] for part in train)
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(x, y)
        return of_all_classes(model.predict_log_proba(val), model.classes_, classes, len(x))

    return _timed(fitted)


def _spread(n: int) -> np.ndarray:
    """Returns at most MOST places, evenly spread over n."""
    return np.unique(np.linspace(0, n - 1, min(n, MOST)).round().astype(np.int64))


def _timed(fitted: Callable[[], Tensor]) -> Later:
    def guess() -> Guess:
        began = time.perf_counter()
        answer = fitted()
        return Guess(answer, seconds=time.perf_counter() - began)

    return Later(guess)
