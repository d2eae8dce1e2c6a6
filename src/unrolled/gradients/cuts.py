"""Abrupt losses of the gradient: at one or a few time steps, or because W_h itself is nilpotent.

Rows are the samples of each source, (S, B) flattened. Step t leads from dL/dh_t to dL/dh_{t-1}.
"""

import math
from collections import Counter
from dataclasses import dataclass

import torch
from torch import Tensor

from .along import Trajectory
from .log_pass import LogPass

FEW, FEW_OF = 3, 50  # "a few" steps: three, or one in fifty
SOME = 0.1  # of the steps: if all units are off at more of them, the steps are not few
OFTEN = 0.25  # of the (step, unit) pairs: if f' = 0 at fewer, units are not off, but pass through a 0
TENFOLD, HUNDREDFOLD = math.log(10), math.log(100)
DEVIATIONS = 6.0  # median absolute deviations: how far an abrupt loss lies from the median step
SHORTEST = 8  # steps: with fewer no loss is called abrupt


@dataclass(frozen=True)
class Cut:
    """An abrupt loss of the gradient.

    share: share of the rows that lose their gradient in this way.
    cause: the cause in prose, with the time steps that at least half of these rows share.
    """

    share: float
    cause: str


def few_steps(backward_pass: LogPass, alive: Tensor) -> Cut:
    """Finds the rows that lose a hundredfold at a few steps and carry their gradient at all others.

    alive: bool (S, B), the rows whose gradient is never exactly 0.
    """
    change = _rows(backward_pass.change)[:, alive.flatten()]
    change = change[:, (~change.isnan()).sum(0) >= SHORTEST]
    if not change.shape[1]:
        return Cut(0.0, "")
    middle = change.nanmedian(0).values
    deviation = (change - middle).abs().nanmedian(0).values
    bound = torch.minimum(-change.new_tensor(TENFOLD), middle - DEVIATIONS * deviation)
    worst = torch.where(change.isnan(), torch.inf, change).topk(max(FEW, len(change) // FEW_OF), 0, largest=False)
    drops = torch.where(worst.values < bound, worst.values, 0.0)
    lost, net = drops.sum(0), change.nansum(0)
    cut = (net <= -TENFOLD) & (lost <= -HUNDREDFOLD) & (net - lost >= -TENFOLD)
    if not cut.any():
        return Cut(0.0, "")
    factor = math.exp(float(lost[cut].mean()))
    steps = worst.indices[:, cut][drops[:, cut] < 0].tolist()
    where = _common_steps(steps, int(cut.sum()))
    cause = f"{where} the gradient falls to {factor:.1e} of its length, elsewhere it stays"
    return Cut(float(cut.double().mean()), cause)


def exact_zeros(trajectory: Trajectory, backward_pass: LogPass, zero: Tensor) -> Cut:
    """Finds the exact zeros whose cause is f' = 0 at a few steps, or W_h alone, rather than units that are off.

    zero: bool (S, B), the rows whose gradient is exactly 0 at some step. The result's share is of these rows.
    """
    rows = zero.flatten()
    lost = torch.isneginf(_rows(backward_pass.ln_norm)[:, rows])
    steps = torch.arange(len(lost), device=lost.device).unsqueeze(1)
    killer = torch.where(lost, steps, -1).amax(0) + 1  # the step whose pull gives 0
    by_f = torch.isneginf(_rows(backward_pass.first)[:, rows].gather(0, killer.unsqueeze(0))).squeeze(0)
    off, units = _units_off(trajectory)
    sample = zero.nonzero()[:, 1]
    started = backward_pass.sources.to(lost.device)[zero.nonzero()[:, 0]]
    within = (steps <= started) & trajectory.mask[:, sample]
    all_off = off[:, sample] & within
    count = within.sum(0).clamp_min(1)
    whole = all_off.gather(0, killer.unsqueeze(0)).squeeze(0)
    few = all_off.sum(0) <= (SOME * count).clamp_min(FEW)
    rare = torch.where(within, units[:, sample], 0.0).sum(0) / count < OFTEN
    by_W = ~by_f | (~whole & trajectory.nilpotent)
    cut = by_W | torch.where(whole, few, rare)
    if not cut.any():
        return Cut(0.0, "")
    if float(by_W[cut].double().mean()) > 0.5:
        lag = int((started - killer + 1)[cut & by_W].double().median())
        cause = f"W_h carries no gradient further back than {lag - 1} steps, whatever f' is"
    else:
        where = _common_steps(killer[cut & ~by_W].tolist(), int((cut & ~by_W).sum()))
        cause = f"{where} {trajectory.parts[0]} is 0 at every unit that carries it"
    return Cut(float(cut.double().mean()), cause)


def _rows(values: Tensor) -> Tensor:
    """Flattens (S, T, B) to (T, S B)."""
    return values.transpose(0, 1).flatten(1)


def _units_off(trajectory: Trajectory) -> tuple[Tensor, Tensor]:
    """Returns whether f' is 0 at all units, and the share of units at which it is; (T, B) each."""
    zero = trajectory.off
    return zero.all(2), zero.double().mean(2)


def _common_steps(steps: list[int], rows: int) -> str:
    """Names the time steps that at least half of the rows have in common."""
    common = sorted(t for t, n in Counter(steps).items() if n >= rows / 2)
    if not common:
        return "at a time step of its own in each sample"
    names = ", ".join(map(str, common))
    return f"at time step {names}" if len(common) == 1 else f"at the time steps {names}"
