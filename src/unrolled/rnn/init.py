"""Initial weights, each drawn from its own random stream.

A stream is a pure function of (seed, name): two networks of one seed share the base matrices, whatever else differs
between them, and a gain only scales.
"""

import hashlib
import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor

Streams = Callable[[str], Generator]


def stream(seed: int, name: str) -> Generator:
    """Creates the CPU generator of the random stream `name` of `seed`."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return Generator().manual_seed(int.from_bytes(digest[:8], "big") % 2**63)


def streams(seed: int, prefix: str = "") -> Streams:
    """Returns `stream` with the seed and a prefix of the names, such as "birth/3/", filled in."""
    return lambda name: stream(seed, prefix + name)


def _normal(rows: int, columns: int, generator: Generator | None) -> Tensor:
    return torch.randn(rows, columns, generator=generator, dtype=torch.float64)


def gaussian(hidden: int, generator: Generator | None = None) -> Tensor:
    """Draws (H, H) normal entries of variance 1/H: the spectral radius tends to 1 as H grows (Ginibre 1965)."""
    return _normal(hidden, hidden, generator) / math.sqrt(hidden)


def orthogonal(hidden: int, generator: Generator | None = None) -> Tensor:
    """Draws (H, H) uniformly from the orthogonal group (Saxe et al. 2014; signs as in Mezzadri 2007)."""
    q, r = torch.linalg.qr(_normal(hidden, hidden, generator))
    return q * r.diagonal().sign()


def identity(hidden: int, _generator: Generator | None = None) -> Tensor:
    """Returns the identity (H, H), as in the IRNN (Le et al. 2015)."""
    return torch.eye(hidden, dtype=torch.float64)


def xavier(hidden: int, generator: Generator | None = None) -> Tensor:
    """Draws (H, H) uniformly in +-sqrt(6 / (fan_in + fan_out)) = +-sqrt(3/H) (Glorot & Bengio 2010, eq. 16)."""
    bound = math.sqrt(3 / hidden)
    return torch.empty(hidden, hidden, dtype=torch.float64).uniform_(-bound, bound, generator=generator)


INITS = {"gaussian": gaussian, "orthogonal": orthogonal, "identity": identity, "xavier": xavier}


def recurrent(name: str, hidden: int, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Draws W_h (H, H), float64: gain times a base matrix.

    name: of the base matrix, a key of INITS.
    Raises ValueError for an unknown name.
    """
    if name not in INITS:
        raise ValueError(f"unknown init {name!r}; allowed: {', '.join(INITS)}")
    return gain * INITS[name](hidden, generator)


def fan_in(rows: int, columns: int, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Draws (rows, columns), float64: normal entries of sd gain / sqrt(columns) (LeCun et al. 1998)."""
    return gain * _normal(rows, columns, generator) / math.sqrt(columns)
