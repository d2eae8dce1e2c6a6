"""Noiseless memorization: a pattern of 5 bits, or of 10 symbols of 5 kinds ("20 bits"), over an empty delay.

Martens & Sutskever 2011, section 5.1. `task.symbols` chooses: 2 (five of them) or 5 (ten of them).
"""

from unrolled.config.schema import TaskConfig

from .data import Data
from .recall import recalled

ITEMS = {2: 5, 5: 10}


def load(config: TaskConfig, seed: int) -> Data:
    assert config.symbols is not None
    return recalled(config, seed, config.symbols, ITEMS[config.symbols])
