"""The scale of answers that are numbers: standardised for a network, and back."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Units:
    """The scale of answers that are numbers.

    names: of the K numbers.
    means, sds: by which they are standardised, in the units of the data.
    """

    names: list[str]
    means: list[float]
    sds: list[float]

    @classmethod
    def of(cls, training: np.ndarray, names: list[str], scale: bool = True) -> "Units":
        """Returns the units of the training answers (N, K); their own if they are not to be scaled."""
        if not scale:
            return cls(names, [0.0] * len(names), [1.0] * len(names))
        sd = training.std(0)
        return cls(names, training.mean(0).tolist(), np.where(sd > 0, sd, 1.0).tolist())

    def standardised(self, values: Tensor) -> Tensor:
        """Returns values (..., K) in the units of the data as standardised ones, float64."""
        means, sds = self._as_tensors()
        return (values.double() - means) / sds

    def original(self, values: Tensor) -> Tensor:
        """Returns standardised values (..., K) in the units of the data, float64."""
        means, sds = self._as_tensors()
        return values.double() * sds + means

    def _as_tensors(self) -> tuple[Tensor, Tensor]:
        return torch.tensor(self.means, dtype=torch.float64), torch.tensor(self.sds, dtype=torch.float64)
