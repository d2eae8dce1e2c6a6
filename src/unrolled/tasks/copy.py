"""Copy memory: ten symbols of eight kinds must be repeated after a delay (Hochreiter & Schmidhuber 1997).

Lengths as in Arjovsky et al. 2016, section 5.1: `task.delay` is their T, the sequence has T + 20 steps. Predicting
blanks and then any symbol has a cross-entropy of 10 ln 8 / (T + 20).
"""

from unrolled.config.schema import TaskConfig

from .data import Data
from .recall import recalled


def load(config: TaskConfig, seed: int) -> Data:
    return recalled(config, seed, symbols=8, items=10)
