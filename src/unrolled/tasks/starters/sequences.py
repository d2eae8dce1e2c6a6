"""Sequences of numbers of different lengths with a class, sequence to vector: did it begin above 0?"""

import numpy as np
import torch

from unrolled.tasks import last_step, logistic, mean_step, most_frequent, padded, scaled, split
from unrolled.tasks.data import Data, Split
from unrolled.tasks.scores import classification

DEFAULTS = {"hidden": 16, "epochs": 20}  # where the command line says nothing else


def read() -> tuple[list[np.ndarray], list[str]]:
    """Returns sequences, each (t, E), and their classes. Replace it: for example by data.npz beside this file:

    kept = np.load(Path(__file__).with_name("data.npz"))
    return np.split(kept["x"], kept["lengths"].cumsum()[:-1]), kept["y"].tolist()
    """
    draw = np.random.default_rng(0)
    sequences = [draw.normal(size=(draw.integers(4, 11), 2)) for _ in range(400)]
    return sequences, ["above" if sequence[0, 0] > 0 else "below" for sequence in sequences]


def load(config, seed):
    """config: the values under `task.`, such as task.length=8 for the last 8 steps; seed: of the run."""
    sequences, labels = read()
    classes = sorted(set(labels))
    y = torch.tensor([classes.index(label) for label in labels])
    x, mask = padded(sequences, config.length)
    first, second = split(len(x), labels=labels)
    inputs = scaled(x[first], x[second], mask[first])
    train, val = (Split(each, mask[rows], y[rows]) for each, rows in zip(inputs, (first, second), strict=True))
    C = len(classes)
    return Data(
        pattern="sequence_to_vector",
        train=train,
        val=val,
        reads=x.shape[2],
        answers=classes,
        scores=lambda: classification(C),
        baseline=most_frequent(train, val, C),
        baseline_name="most frequent class",
        references={
            "logistic on the mean step": logistic((mean_step(train), train.y.numpy()), mean_step(val), C),
            "logistic on the last step": logistic((last_step(train), train.y.numpy()), last_step(val), C),
        },
    )
