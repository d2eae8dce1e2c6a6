"""From what a network reads to the vectors x_t: an embedding of tokens, or numbers as they are."""

import torch
from torch import Tensor, nn

from .init import Streams


class Embedding(nn.Embedding):
    """Tokens int64 (...) -> (..., E) by a table `weight` (V, E), trained with the rest unless `frozen`."""

    def __init__(self, vocabulary: int, size: int, frozen: bool = False) -> None:
        super().__init__(vocabulary, size)
        self.size = size
        self.weight.requires_grad = not frozen

    @torch.no_grad()
    def initialise(self, streams: Streams, name: str = "embedding") -> None:
        """Independent standard normal entries."""
        drawn = torch.randn(self.weight.shape, generator=streams(name), dtype=torch.float64)
        self.weight.copy_(drawn)


class OneHot(nn.Module):
    """A unit vector of size V for each token, nothing to learn: handed on as the token, which `RNN` reads as that."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.size = vocabulary

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens

    def initialise(self, streams: Streams, name: str = "") -> None:
        return


class Numbers(nn.Module):
    """Numbers (..., E) as they are, in the precision of the network."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.register_buffer("unit", torch.ones(()), persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        return values.to(self.unit.dtype)  # type: ignore[arg-type]

    def initialise(self, streams: Streams, name: str = "") -> None:
        return


Front = Embedding | OneHot | Numbers
