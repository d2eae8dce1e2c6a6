"""Speed of forward and backward pass against `torch.nn.RNN` with the same weights, loss on the last state."""

from statistics import median

import torch
from rich.table import Table
from torch import Tensor

from unrolled.rnn import RNN, Tape

from .timing import Call, interleaved, median_ratio

SIZES = [(64, 100, 8), (64, 100, 32), (64, 100, 128), (64, 100, 256), (16, 1000, 128)]
PEER = "torch.nn.RNN"


def table(rounds: int, quick: bool) -> Table:
    made = Table(title="Recurrence, forward and backward: median ratio to torch.nn.RNN (one thread)")
    for column in ("B", "T", "H", f"{PEER}, ms", "with tape", "without tape", "tape costs", "autograd, retain_grad"):
        made.add_column(column, justify="right")
    for B, T, H in SIZES[:2] if quick else SIZES:
        times = interleaved(contestants(B, T, H), rounds)
        ratios = [median_ratio(times, name, PEER) for name in ("tape", "no tape", "naive")]
        tape_cost = median_ratio(times, "tape", "no tape") - 1
        cells = [f"{median(times[PEER]) * 1e3:z.2f}", f"{ratios[0]:z.2f}", f"{ratios[1]:z.2f}"]
        made.add_row(str(B), str(T), str(H), *cells, f"{tape_cost:+.1%}", f"{ratios[2]:z.2f}")
    return made


def contestants(B: int, T: int, H: int) -> dict[str, Call]:
    """Builds the functions to time; all return the same gradient of W_h, (H, H).

    Each clears the gradients, runs forward from x (T, B, H) and backward from the sum of the last state.
    """
    torch.set_num_threads(1)
    x, peer, ours = torch.randn(T, B, H), torch.nn.RNN(H, H), RNN(H, H)
    tape, weights = Tape(), peer.state_dict()
    bias = weights["bias_ih_l0"] + weights["bias_hh_l0"]
    ours.load_state_dict({"W_x": weights["weight_ih_l0"], "W_h": weights["weight_hh_l0"], "b": bias})

    def library() -> Tensor | None:
        peer.zero_grad()
        peer(x)[1].sum().backward()
        return peer.get_parameter("weight_hh_l0").grad

    def with_tape() -> Tensor | None:
        ours.zero_grad()
        ours.unroll(x, tape=tape)[1].sum().backward()
        return ours.W_h.grad

    def without_tape() -> Tensor | None:
        ours.zero_grad()
        ours.unroll(x)[1].sum().backward()
        return ours.W_h.grad

    def naive() -> Tensor | None:
        ours.zero_grad()
        naive_states(ours, x)[-1].sum().backward()
        return ours.W_h.grad

    return {PEER: library, "tape": with_tape, "no tape": without_tape, "naive": naive}


def naive_states(rnn: RNN, x: Tensor) -> list[Tensor]:
    """Computes the states by a loop under autograd with `retain_grad` on each, as in a notebook."""
    h, states = x.new_zeros(x.shape[1], rnn.hidden), []
    for x_t in x:
        h = rnn.step(x_t, h)
        h.retain_grad()
        states.append(h)
    return states
