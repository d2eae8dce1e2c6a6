"""The states of a layer whose cell is a pointwise function of a_t, q_t = W_h h_{t-1} and its states; its Jacobians.

Derivatives of the cell's formula, unit by unit, make J_t with W_h: in `pull`, in `push` and in `jacobian` alike.
"""

from dataclasses import dataclass
from functools import cached_property, reduce

import torch
from torch import Tensor

from unrolled.rnn.cells.cell import Cell, Partials, joint

from .along import Pulled, Trajectory
from .along_vanilla import nilpotent
from .lengths import unit
from .through_weights import through_weights

CLOSED = 0.1  # a gate below lets little through


@dataclass(frozen=True)
class AlongCell(Trajectory):
    """States and Jacobians of a gated layer.

    partials: derivatives at all steps, (T, B, ...) each.
    The other fields are those of `Trajectory`.
    """

    cell: Cell
    W_h: Tensor
    start: Tensor
    state: Tensor
    partials: Partials
    mask: Tensor
    diverged_at: int | None
    parts = ("the cell path", "the hidden path")

    def pull(self, t: int, v: Tensor) -> Pulled:
        """Computes J_t^T v.

        The first part is what the cell path alone does: from each state to itself, as if W_h were 0.
        """
        states = self._split(v, -1)
        dq = _sum([by_q[t].unsqueeze(1) * u.unsqueeze(-2) for by_q, u in zip(self.partials.by_q, states, strict=True)])
        dq, ln_dq = unit(dq.flatten(-2))
        direct = joint([self._direct(t, i, states) for i in range(len(states))])
        through = through_weights(self.W_h, dq) * ln_dq.exp()[..., None, None]
        back = joint([direct[..., : self.hidden] + through, *self._split(direct, -1)[1:]])
        back, ln = unit(back)
        ln_path = torch.linalg.matrix_norm(direct).log()
        real = self.mask[t]
        if not bool(real.all()):
            back, dq = (torch.where(real[:, None, None], moved, kept) for moved, kept in ((back, v), (dq, 0.0)))
            ln, ln_dq, ln_path = (torch.where(real, each, 0.0) for each in (ln, ln_dq, ln_path))
        return Pulled(back, ln, dq, ln_dq, ln_path, ln - ln_path)

    def push(self, t: int, u: Tensor) -> tuple[Tensor, Tensor]:
        states = self._split(u, 1)
        q = (self.W_h @ states[0]).unflatten(1, (-1, self.hidden))
        moved = [
            _sum(
                [(by_q[t].unsqueeze(3) * q).sum(1)]
                + [by[t].unsqueeze(2) * w for by, w in zip(row, states, strict=True) if by is not None]
            )
            for by_q, row in zip(self.partials.by_q, self.partials.by_state, strict=True)
        ]
        whole = torch.cat(moved, 1)
        return torch.where(self.mask[t][:, None, None], whole, u), whole.new_zeros(len(whole))

    def jacobian(self, t: int | None = None) -> Tensor:
        at = slice(None) if t is None else t
        blocks = self.W_h.unflatten(0, (-1, self.hidden))
        rows = []
        for by_q, row in zip(self.partials.by_q, self.partials.by_state, strict=True):
            through = torch.einsum("...gi,gij->...ij", by_q[at], blocks)
            made = [torch.diag_embed(by[at]) if by is not None else torch.zeros_like(through) for by in row]
            rows.append(torch.cat([made[0] + through, *made[1:]], -1))
        J = torch.cat(rows, -2)
        identity = torch.eye(J.shape[-1], dtype=J.dtype, device=J.device)
        return torch.where(self.mask[at][..., None, None], J, identity)

    @cached_property
    def constant(self) -> bool:
        tables = [each[self.mask] for each in self._tables()]
        return all(bool((each == each[:1]).all()) for each in tables)

    @property
    def bounded(self) -> bool:
        return True

    @property
    def flat(self) -> float:
        """Share of (t, sample, unit) whose gate that keeps the state is below 0.1."""
        return float((self.partials.keep[self.mask] < CLOSED).double().mean())

    @property
    def flat_words(self) -> str:
        return "of the gates that keep the state are closed (below 0.1)"

    @property
    def off(self) -> Tensor:
        return _all([(each == 0).all(2) if each.ndim == 4 else each == 0 for each in self._tables()])

    @property
    def nilpotent(self) -> bool:
        through_h_alone = all(by is None for row in self.partials.by_state for by in row)
        return through_h_alone and len(self.W_h) == self.hidden and nilpotent(self.W_h)

    @cached_property
    def eigenvalues(self) -> Tensor:
        """Eigenvalues of the first sample's last step Jacobian, complex (D,)."""
        return torch.linalg.eigvals(self.jacobian(len(self.mask) - 1)[0])

    @property
    def spectrum_of(self) -> str:
        return "the last step Jacobian"

    def shrinks_by_flatness(self, path: float | None, band: float) -> bool:
        """Returns whether the cell path alone makes the gradient vanish."""
        return path is not None and path < -band

    def _direct(self, t: int, i: int, states: tuple[Tensor, ...]) -> Tensor:
        """Returns what comes back to state i besides the way through W_h."""
        ways = [
            row[i][t].unsqueeze(1) * u  # type: ignore[index]
            for row, u in zip(self.partials.by_state, states, strict=True)
            if row[i] is not None
        ]
        return _sum(ways) if ways else torch.zeros_like(states[i])

    def _split(self, values: Tensor, axis: int) -> tuple[Tensor, ...]:
        return values.split(self.hidden, axis)

    def _tables(self) -> list[Tensor]:
        return [*self.partials.by_q, *(by for row in self.partials.by_state for by in row if by is not None)]

    def _cut(self, start: Tensor, where: tuple[slice | Tensor, ...]) -> "AlongCell":
        by_q, by_state, keep = self.partials
        partials = Partials(
            [each[where] for each in by_q],
            [[None if by is None else by[where] for by in row] for row in by_state],
            keep[where],
        )
        return type(self)(
            self.cell, self.W_h, start, self.state[where], partials, self.mask[where], diverged_at=self.diverged_at
        )


def _sum(terms: list[Tensor]) -> Tensor:
    return reduce(torch.add, terms)


def _all(terms: list[Tensor]) -> Tensor:
    return reduce(torch.logical_and, terms)
