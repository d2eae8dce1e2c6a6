"""Input layers: from tokens or numbers to the vectors x_t."""

import torch
from torch import Tensor, nn

from .init import Streams


class Embedding(nn.Embedding):
    """Looks up tokens int64 (...) in a table `weight` (V, E); returns (..., E). Trained unless `frozen`."""

    def __init__(self, vocabulary: int, size: int, frozen: bool = False) -> None:
        super().__init__(vocabulary, size)
        self.size = size
        self.weight.requires_grad = not frozen

    @torch.no_grad()
    def initialise(self, streams: Streams, name: str = "embedding") -> None:
        """Draws independent standard normal entries."""
        drawn = torch.randn(self.weight.shape, generator=streams(name), dtype=torch.float64)
        self.weight.copy_(drawn)


class OneHot(nn.Module):
    """Unit vectors of size V without parameters: passes tokens on, because `RNN` reads a token as its unit vector."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.size = vocabulary

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens

    def initialise(self, streams: Streams, name: str = "") -> None:
        return


class Numbers(nn.Module):
    """Passes numbers (..., E) on in the precision of the network."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.register_buffer("unit", torch.ones(()), persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        return values.to(self.unit.dtype)  # type: ignore[arg-type]

    def initialise(self, streams: Streams, name: str = "") -> None:
        return


InputLayer = Embedding | OneHot | Numbers
