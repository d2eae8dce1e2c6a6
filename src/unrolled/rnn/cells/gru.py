"""The gated recurrent unit (Cho et al. 2014), with the reset gate inside, as torch has it.

r, z = s(a + q), n = tanh(a_n + r q_n), h_t = (1 - z) n + z h_{t-1}, with a_t = W_x x_t + b and q_t = W_h h_{t-1} + b_h.
The blocks are in torch's order: r, z, n.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from .cell import Cell, Memory, Partials, States, Step, blocks_of, open_slope, slope, tanh_slope


class Gru(Cell):
    """State h."""

    equation = "(r, z) = s(a_t + q_t), n = tanh(a_n + r q_n), h_t = (1 - z) n + z h_{t-1}, q_t = W_h h_{t-1} + b_h"
    gates = ("r", "z", "n")
    keeps = 1
    apart = True

    def formula(self, a: Tensor, q: Tensor, states: Sequence[Tensor]) -> States:
        (a_r, a_z, a_n), (q_r, q_z, q_n) = blocks_of(a, 3), blocks_of(q, 3)
        r, z = torch.sigmoid(a_r + q_r), torch.sigmoid(a_z + q_z)
        n = torch.tanh(a_n + r * q_n)
        return [(1 - z) * n + z * states[0]]

    def step(self, at: Step) -> None:
        assert at.q is not None
        (before,), (after,) = at.before, at.after
        H = before.shape[1]
        at.a[:, : 2 * H].add_(at.q[:, : 2 * H]).sigmoid_()
        r, z, n = at.a.chunk(3, 1)
        n.addcmul_(r, at.q[:, 2 * H :]).tanh_()
        torch.lerp(n, before, z, out=after)

    def factors(self, memory: Memory) -> list[Tensor]:
        assert memory.q is not None
        r, z, n = blocks_of(memory.a, 3)
        q_n, before = blocks_of(memory.q, 3)[2], memory.states[0][:-1]
        new = (1 - z) * (1 - n * n)
        return [torch.stack([new * q_n * slope(r), (before - n) * slope(z), new * r], 2), new, z.contiguous()]

    def pull(self, factors: Sequence[Tensor], gradients: Sequence[Tensor]) -> list[Tensor | None]:
        (dh,), (gates, new, keep) = gradients, factors
        gates.mul_(dh.unsqueeze(1))
        new.mul_(dh)
        return [dh * keep]

    def to_inputs(self, factors: Sequence[Tensor], dq: Tensor) -> Tensor:
        return torch.cat([dq[:, :, :2], factors[1].unsqueeze(2)], 2)  # r multiplies q_n alone

    def partials(self, a: Tensor, q: Tensor, states: Sequence[Tensor]) -> Partials:
        (a_r, a_z, a_n), (q_r, q_z, q_n) = blocks_of(a, 3), blocks_of(q, 3)
        r, z = torch.sigmoid(a_r + q_r), torch.sigmoid(a_z + q_z)
        inside = a_n + r * q_n
        new = torch.sigmoid(-a_z - q_z) * tanh_slope(inside)
        ways = [new * q_n * open_slope(a_r + q_r), (states[0] - torch.tanh(inside)) * open_slope(a_z + q_z), new * r]
        return Partials([torch.stack(ways, -2)], [[z]], z)
