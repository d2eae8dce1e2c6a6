"""The adding problem: the target is the sum of the two marked numbers (Hochreiter & Schmidhuber 1997, exp. 4).

The constant prediction 1 has a mean squared error of 2 var(u) = 1/6.
"""

from unrolled.config.schema import TaskConfig

from .data import Data
from .marked import of_two_marked


def load(config: TaskConfig, seed: int) -> Data:
    return of_two_marked(config, seed, lambda marked: marked.sum(1), mean=1.0, variance=1 / 6, solved=0.02)
