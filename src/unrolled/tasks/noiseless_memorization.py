"""Noiseless memorization: a pattern of 5 bits, or of 10 symbols of 5 kinds ("20 bits"), over an empty delay.

Martens & Sutskever 2011, section 5.1. `task.symbols` chooses: 2 (five of them) or 5 (ten of them).
"""

from unrolled.config import TaskConfig
from unrolled.errors import UserError

from .data import Data
from .recall import recalled

ITEMS = {2: 5, 5: 10}


def load(config: TaskConfig, seed: int) -> Data:
    """Raises UserError for another number of symbols."""
    symbols = config.symbols or 0
    if symbols not in ITEMS:
        raise UserError(f"task.symbols={symbols}: task={config.name} has 2 (5 bits) or 5 (20 bits)")
    return recalled(config, seed, symbols, ITEMS[symbols])
