"""The states of a recurrent layer along its inputs, and the step Jacobian J_t there: the base of every diagnostic.

All in float64. Diagnostics know J_t through `pull` (backwards), `push` (forwards) and `jacobian` alone.
"""

from abc import ABC, abstractmethod
from functools import cached_property
from typing import NamedTuple, Self

import torch
from torch import Tensor

from .lengths import ln_det, rank


class Pulled(NamedTuple):
    """Gradients one time step further back, and on their way there, as directions and ln of their lengths.

    v: (..., B, K, D), direction of J_t^T v_before, which is exp(ln) v.
    ln: (..., B); -inf = exactly 0.
    dq: (..., B, K, G H), direction of dL/dq_t with q_t = W_h h_{t-1}, which is exp(ln_dq) dq.
    ln_dq: (..., B).
    first, second: (..., B), two factors whose logarithms add up to ln, see `Trajectory.parts`.
    v and dq have length 1 over the K directions of a sample, or 0 if nothing is left. At a carried step v is unchanged,
    dq is 0 and all logarithms are 0.
    """

    v: Tensor
    ln: Tensor
    dq: Tensor
    ln_dq: Tensor
    first: Tensor
    second: Tensor


class Trajectory(ABC):
    """States of T steps of B samples, and their Jacobians J_t; all float64.

    The joint state has D = S H numbers: the S states of the layer side by side, h first.

    start: (B, D), initial joint states.
    state: (T, B, D), joint states.
    mask: bool (T, B), False = carried: the state is that of the step before, and J_t = I.
    diverged_at: the first step that is not finite, or None.
    W_h: (G H, H).
    """

    parts: tuple[str, str]  # names of the two factors by which a step changes the gradient's length
    start: Tensor
    state: Tensor
    mask: Tensor
    diverged_at: int | None
    W_h: Tensor

    @abstractmethod
    def pull(self, t: int, v: Tensor) -> Pulled:
        """Computes J_t^T v: gradients in the state after step t, carried back to the state before.

        v: (..., B, K, D), K directions for each sample, as rows.
        """

    @abstractmethod
    def push(self, t: int, u: Tensor) -> tuple[Tensor, Tensor]:
        """Computes J_t u: small changes of the state before step t, carried forward.

        u: (B, D, K), K directions for each sample, as columns.
        Returns (moved (B, D, K), ln (B,)): J_t u is exp(ln) moved.
        """

    @abstractmethod
    def jacobian(self, t: int | None = None) -> Tensor:
        """Returns J_t (B, D, D), or those of all steps (T, B, D, D) for None; the identity at carried steps."""

    @cached_property
    @abstractmethod
    def constant(self) -> bool:
        """Whether J_t is equal at all steps of all samples."""

    @property
    @abstractmethod
    def bounded(self) -> bool:
        """Whether no state can grow exponentially, whatever the weights are."""

    @property
    @abstractmethod
    def flat(self) -> float:
        """Share of (t, sample, unit) that let little through: see `flat_words`."""

    @property
    @abstractmethod
    def flat_words(self) -> str:
        """A clause that follows the share `flat`."""

    @property
    @abstractmethod
    def off(self) -> Tensor:
        """Whether exactly nothing passes a unit on its way back, bool (T, B, H)."""

    @property
    @abstractmethod
    def nilpotent(self) -> bool:
        """Whether a product of step Jacobians is 0 by the pattern of zeros in W_h alone."""

    @cached_property
    @abstractmethod
    def eigenvalues(self) -> Tensor:
        """Eigenvalues that show what a step does, complex: see `spectrum_of`."""

    @property
    @abstractmethod
    def spectrum_of(self) -> str:
        """The matrix whose eigenvalues `eigenvalues` holds."""

    @abstractmethod
    def shrinks_by_flatness(self, path: float | None, band: float) -> bool:
        """Returns whether a gradient that shrinks would not do so if units were not flat.

        path: what the first of `parts` contributes to the slope, or None.
        band: nats per lag, within which a slope counts as stable.
        """

    @abstractmethod
    def _cut(self, start: Tensor, where: tuple[slice | Tensor, ...]) -> Self: ...

    def ln_det(self, t: int) -> Tensor:
        """Computes ln |det J_t|, (B,)."""
        return ln_det(self.jacobian(t))

    def rank(self, t: int) -> Tensor:
        """Returns an upper bound (B,) of the rank of J_t."""
        return rank(self.jacobian(t))

    @property
    def dead(self) -> float:
        """Share of (t, sample, unit) that let exactly nothing through."""
        return float(self.off[self.mask].double().mean())

    @property
    def hidden(self) -> int:
        """H."""
        return self.W_h.shape[1]

    @property
    def h(self) -> Tensor:
        """Hidden states, (T, B, H)."""
        return self.state[..., : self.hidden]

    @property
    def previous(self) -> Tensor:
        """Joint states before each step, (T, B, D), the initial one first."""
        return torch.cat([self.start.unsqueeze(0), self.state[:-1]])

    def of(self, samples: slice | Tensor) -> Self:
        """Returns the trajectory of the given samples alone."""
        return self._cut(self.start[samples], (slice(None), samples))

    def between(self, first: int, last: int) -> Self:
        """Returns the trajectory of the steps first ... last - 1 alone."""
        return self._cut(self.previous[first], (slice(first, last),))
