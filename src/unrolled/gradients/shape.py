"""Shapes of two curves: whether the gradient turns on its way back, and whether states grow on their way forward."""

import math

import torch
from torch import Tensor

from .along import Trajectory
from .slope import LONG, ByLag
from .uncertainty import variance_of_mean

HUMP = math.log(3)
SETTLED = math.log(10)  # a curve that ends tenfold above its start has no dip
WALKS = 2.0  # standard deviations of the summed noise that a turn must exceed


def turn(lags: ByLag, band: float, constant: bool) -> str | None:
    """Describes a turn of the mean of ln norm (growth then decay, or the reverse); None if there is none.

    band: nats per lag, within which a rate counts as flat.
    constant: whether J_t is the same at every step of every sample.
    Heights and the final rate are means over windows, because a stable cycle lifts every second point. The first lags
    cannot be a dip, because there the gradient turns towards the directions that W_h keeps. A turn must exceed a random
    walk with the noise of these increments.
    """
    settled = lags.reach if constant else lags.reach - lags.early
    m = lags.mean[:settled]
    m = m[torch.isfinite(m) & lags.enough[:settled]]
    if (len(m) < LONG and not constant) or len(m) < 6:
        return None
    width = max(2, 2 * (len(m) // 20))
    smooth = m.unfold(0, width, 1).mean(1)
    third = max(1, (len(smooth) - 1) // 3)
    tail = float(smooth[-1] - smooth[-1 - third]) / third
    top, bottom = int(smooth.argmax()), int(smooth.argmin())
    first = max(1, len(m) // 20)
    start, end = float(m[0]), float(smooth[-1])
    grown = float(smooth[top]) - start
    hump = grown if constant else min(grown, float(smooth[top]) - end)
    if hump > max(HUMP, _walk(m, top, constant)) and tail < -band / 2:
        return f"it grows until lag {top + width // 2} and then decays ({tail:+z.3f} nats per lag at the end)"
    after = float(smooth[first:].max()) if bottom <= first else float(smooth[first])
    dip = min(after, end) - float(smooth[bottom])
    came_back = end - start < SETTLED
    if bottom > first and dip > max(HUMP, _walk(m, bottom, constant)) and tail > band / 2 and came_back:
        return f"it decays until lag {bottom + width // 2} and then grows ({tail:+z.3f} nats per lag at the end)"
    return None


def _walk(m: Tensor, turning: int, constant: bool) -> float:
    """Returns how far, in nats, a random walk goes with the noise of m's increments around the turn."""
    if constant:
        return 0.0
    parts = [part for part in (m[: turning + 1].diff(), m[turning:].diff()) if len(part)]
    noise = torch.cat([part - part.mean() for part in parts])
    return WALKS * len(noise) * math.sqrt(float(variance_of_mean(noise.unsqueeze(1))))


def grows(trajectory: Trajectory, rate: float, T: int) -> bool:
    """Returns whether any unit's state grows along with a gradient of `rate` nats per lag over the last T steps.

    The growth is ln of the unit's RMS over samples, last quarter over the largest earlier quarter. A quarter of what
    the rate would give is enough: the states of a ReLU network sometimes grow slower than its gradient.
    """
    if trajectory.bounded:
        return False
    real = trajectory.mask[-T:].unsqueeze(2).double()
    squares = (trajectory.state[-T:].square() * real).sum(1) / real.sum(1).clamp_min(1)
    quarters = torch.stack([part.mean(0).sqrt() for part in squares.tensor_split(4)])
    before = quarters[:-1].amax(0)
    alive = quarters[-1] > 0
    growth = torch.where(alive, quarters[-1] / before, 0.0)  # inf where the unit was at 0 before
    return bool((growth.log() >= rate * T / 16).any())
