"""The long short-term memory (Hochreiter & Schmidhuber 1997; with the forget gate of Gers et al. 2000).

i, f, o = s(.), g = tanh(.), each of W_x x_t + W_h h_{t-1} + b; c_t = f c_{t-1} + i g; h_t = o tanh(c_t).
The blocks are in torch's order: i, f, g, o.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from .cell import Cell, Memory, Partials, States, Step, blocks_of, open_slope, slope, tanh_slope


class Lstm(Cell):
    """States h and c."""

    equation = "(i, f, o) = s(W_x x_t + W_h h_{t-1} + b), g = tanh(...), c_t = f c_{t-1} + i g, h_t = o tanh(c_t)"
    names = ("h", "c")
    gates = ("i", "f", "g", "o")
    keeps = 1

    def memory(self, like: Tensor, T: int, B: int, H: int) -> Memory:
        kept = super().memory(like, T, B, H)
        kept.more = [like.new_empty(T, B, H)]  # tanh(c_t)
        return kept

    def formula(self, a: Tensor, q: Tensor, states: Sequence[Tensor]) -> States:
        i, f, g, o = blocks_of(a + q, 4)
        c = torch.sigmoid(f) * states[1] + torch.sigmoid(i) * torch.tanh(g)
        return [torch.sigmoid(o) * torch.tanh(c), c]

    def step(self, at: Step) -> None:
        (_, c), (h_t, c_t), (tau,) = at.before, at.after, at.more
        i, f, g, o = at.a.chunk(4, 1)
        at.a[:, : 2 * c.shape[1]].sigmoid_()
        g.tanh_()
        o.sigmoid_()
        torch.mul(f, c, out=c_t)
        c_t.addcmul_(i, g)
        torch.tanh(c_t, out=tau)
        torch.mul(o, tau, out=h_t)

    def factors(self, memory: Memory) -> list[Tensor]:
        i, f, g, o = blocks_of(memory.a, 4)
        before, tau = memory.states[1][:-1], memory.more[0]
        through_c = [g * slope(i), before * slope(f), i * (1 - g * g)]
        return [torch.stack([*through_c, tau * slope(o)], 2), o * (1 - tau * tau), f.contiguous()]

    def pull(self, factors: Sequence[Tensor], gradients: Sequence[Tensor]) -> list[Tensor | None]:
        (dh, dc), (gates, from_h, keep) = gradients, factors
        whole = torch.addcmul(dc, dh, from_h)  # what c_t gets: handed on, and through h_t
        gates[:, :3].mul_(whole.unsqueeze(1))
        gates[:, 3].mul_(dh)
        return [None, whole.mul_(keep)]

    def partials(self, a: Tensor, q: Tensor, states: Sequence[Tensor]) -> Partials:
        i, f, g, o = blocks_of(a + q, 4)
        _, c = self.formula(a, q, states)
        through_h, keep, none = torch.sigmoid(o) * tanh_slope(c), torch.sigmoid(f), torch.zeros_like(c)
        ways = [torch.tanh(g) * open_slope(i), states[1] * open_slope(f), torch.sigmoid(i) * tanh_slope(g)]
        by_output = torch.tanh(c) * open_slope(o)
        by_q = [[*(through_h * way for way in ways), by_output], [*ways, none]]
        return Partials([torch.stack(each, -2) for each in by_q], [[None, through_h * keep], [None, keep]], keep)
