"""The multiplication problem: the target is the product of two marked numbers (Hochreiter & Schmidhuber 1997).

It is their experiment 5. The constant prediction 1/4 has a mean squared error of E[u^2]^2 - E[u]^4 = 1/9 - 1/16.
"""

from unrolled.config.schema import TaskConfig

from .data import Data
from .marked import of_two_marked


def load(config: TaskConfig, seed: int) -> Data:
    return of_two_marked(
        config, seed, lambda marked: marked.prod(1), mean=0.25, variance=1 / 9 - 1 / 16, solved=0.006
    )  # fmt: skip
