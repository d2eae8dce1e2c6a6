"""The product of the two marked numbers (Hochreiter & Schmidhuber 1997, exp. 5).

Always answering 1/4 has a mean squared error of E[u^2]^2 - E[u]^4 = 1/9 - 1/16.
"""

from unrolled.config.schema import TaskConfig

from .data import Data
from .marked import of_two_marked


def load(config: TaskConfig, seed: int) -> Data:
    return of_two_marked(
        config, seed, lambda marked: marked.prod(1), mean=0.25, variance=1 / 9 - 1 / 16, solved=0.006
    )  # fmt: skip
