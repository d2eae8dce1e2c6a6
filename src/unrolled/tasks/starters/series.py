"""A series in order of time, sequence to vector: a window of rows forecasts a later one."""

import numpy as np
import torch

from unrolled.tasks import ridge, scaled, windows
from unrolled.tasks.data import Data, Guess, Split
from unrolled.tasks.scores import regression

DEFAULTS = {"hidden": 16, "epochs": 30}  # where the command line says nothing else


def read() -> np.ndarray:
    """Returns rows in order of time, (n, E). Replace it: for example by columns of prices.csv beside this file:

    return pandas.read_csv(Path(__file__).with_name("prices.csv"))[["close"]].to_numpy()
    """
    t = np.arange(600)
    noise = np.random.default_rng(0).normal(size=len(t))
    return (np.sin(2 * np.pi * t / 12) + 0.2 * noise)[:, None]


def load(config, seed):
    """config: the values under `task.`, such as task.options.window=40; seed: of the run."""
    window = config.options.get("window", 24)
    horizon = config.options.get("ahead", 1)
    rows = read()
    cut = round(0.8 * len(rows))  # the last fifth validates
    before, after = scaled(rows[:cut], rows[cut:])
    every = torch.cat([before, after])

    def part(x, y):
        return Split(x, torch.ones(x.shape[:2], dtype=torch.bool), y)

    train = part(*windows(before, window, horizon))
    val = part(*windows(every, window, horizon, since=cut))
    linear = ridge((train.x.flatten(1).numpy(), train.y.numpy()), val.x.flatten(1).numpy())
    return Data(
        pattern="sequence_to_vector",
        train=train,
        val=val,
        reads=rows.shape[1],
        answers=rows.shape[1],
        scores=regression,
        baseline=Guess(val.x[:, -1]),  # as the last row that is read
        baseline_name="no change",
        references={"linear in the window": linear},
    )
