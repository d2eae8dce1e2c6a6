"""Lyapunov exponents of a driven recurrent network: the average rate at which a small change of the state grows.

They come from QR along the trajectory (Benettin et al. 1980), each with a standard error. They describe the limit of
infinitely many steps. Over a few steps a random basis has not turned towards the growing directions yet, and a QR pass
reads too low; `jacobian.products` gives the growth over finitely many steps.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from unrolled.rnn import Recurrent
from unrolled.rnn.recurrence import Initial

from .along import Trajectory
from .jacobian import require_finite
from .lengths import TINIEST, ln_det, rank
from .trajectory import trajectory
from .uncertainty import mean_over_time

SHORTEST = 30  # steps after the warm-up: fewer do not show the autocorrelation
DOUBTFUL = 1e-8  # of the largest entry of R: smaller growths are checked against det J
CLOSE = 1e-6  # nats: tolerance for the sum of all H growths against ln |det J|


@dataclass(frozen=True)
class Spectrum:
    """Lyapunov exponents, descending up to noise; all three (k,), float64, nats per step.

    exponents: -inf if J_t is exactly singular at some step; nan if rounding left nothing of the direction at some step.
    No mean skips such a step, because the direction shrinks most there.
    stderr: standard errors.
    half: half-widths of the 95 % intervals.
    """

    exponents: Tensor
    stderr: Tensor
    half: Tensor


def lyapunov_spectrum(  # noqa: PLR0917
    layer: Recurrent,
    x: Tensor,
    h0: Initial = None,
    k: int | None = None,
    warmup: int | None = None,
    seed: int = 0,
) -> Spectrum:
    """Computes the first k Lyapunov exponents of a layer driven by x, mean over samples.

    x: (T, B, E), inputs.
    h0: (B, H), the initial state; None = 0.
    k: number of exponents; None = all H.
    warmup: steps that do not count, in which state and basis settle; None = T/10.
    seed: seed of the random basis.
    Raises ValueError if T leaves fewer than 30 steps ("T too short"), k is outside 1 ... H, or a state is not finite.
    """
    return spectrum(require_finite(trajectory(layer, x, h0)), k, warmup, seed)


def spectrum(trajectory: Trajectory, k: int | None = None, warmup: int | None = None, seed: int = 0) -> Spectrum:
    """Computes the first k Lyapunov exponents along a known trajectory; carried steps do not count.

    Arguments and errors are those of `lyapunov_spectrum`.
    """
    T, B, D = trajectory.state.shape
    Q = _basis(B, D, _count(k, D), seed).to(trajectory.state)
    grown = trajectory.state.new_full((T, B, Q.shape[2]), torch.nan)
    warmup = _checked_warmup(T, warmup)
    for t in range(T):
        moved, ln = trajectory.push(t, Q)
        whole = trajectory.ln_det(t) - D * ln if Q.shape[2] == D else None
        new, step = _advance(moved, whole, partial(trajectory.rank, t))
        real = trajectory.mask[t]
        grown[t] = torch.where(real.unsqueeze(1), step + ln.unsqueeze(1), torch.nan)
        Q = torch.where(real[:, None, None], new, Q)
    return _mean_exponents(grown, trajectory.mask, warmup)


def lyapunov_from_jacobians(J: Tensor, k: int | None = None, warmup: int | None = None, seed: int = 0) -> Spectrum:
    """Computes the first k Lyapunov exponents of given matrices.

    J: (T, H, H) or (T, B, H, H), J[0] the first step.
    The other arguments and the errors are those of `lyapunov_spectrum`.
    """
    J = J.unsqueeze(1) if J.ndim == 3 else J
    if J.ndim != 4 or J.shape[2] != J.shape[3]:
        raise ValueError(f"J has shape {tuple(J.shape)}, expected (T, H, H) or (T, B, H, H)")
    if not torch.isfinite(J).all():
        raise ValueError("J holds values that are not finite")
    T, B, H = J.shape[:3]
    warmup = _checked_warmup(T, warmup)
    Q = _basis(B, H, _count(k, H), seed).to(J.device)
    steps = []
    for step in J.double():
        Q, grown = _advance(step @ Q, ln_det(step) if Q.shape[2] == H else None, partial(rank, step))
        steps.append(grown)
    return _mean_exponents(torch.stack(steps), torch.ones(T, B, dtype=torch.bool, device=J.device), warmup)


def _checked_warmup(T: int, warmup: int | None) -> int:
    warmup = T // 10 if warmup is None else warmup
    if warmup < 0 or T - warmup < SHORTEST:
        raise ValueError(
            f"T too short: {T} steps with a warm-up of {warmup} leave {max(0, T - warmup)}, and an exponent with an "
            f"error bar needs {SHORTEST}; over few steps ask for the singular values of the products instead"
        )
    return warmup


def _count(k: int | None, H: int) -> int:
    if k is not None and not 1 <= k <= H:
        raise ValueError(f"k={k} exponents: allowed are 1 to H={H}")
    return k or H


def _basis(B: int, H: int, k: int, seed: int) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(B, H, k, generator=draw, dtype=torch.float64))[0]


def _advance(moved: Tensor, whole: Tensor | None, ranks: Callable[[], Tensor]) -> tuple[Tensor, Tensor]:
    """Returns the next basis and ln of its growth (B, k), from moved (B, H, k) = J Q; k = 1 needs no QR.

    whole: ln |det J|, (B,), for k = H; else None.

    Rows sorted by descending length keep their own precision in a QR by reflections (Cox & Higham 1998), and so do
    directions that only tiny rows carry: diag(f') makes rows of any size.
    """
    if moved.shape[2] == 1:
        length = moved.norm(dim=1, keepdim=True)
        return torch.where(length > 0, moved / length.clamp_min(TINIEST), moved), length.squeeze(2).log()
    order = moved.norm(dim=2).argsort(1, descending=True).unsqueeze(2).expand_as(moved)
    Q, R = torch.linalg.qr(moved.gather(1, order))
    return torch.empty_like(Q).scatter_(1, order, Q), _growth(R, whole, ranks)


def _growth(R: Tensor, ln_det: Tensor | None, ranks: Callable[[], Tensor]) -> Tensor:
    """Returns ln of the diagonal of R (B, k, k): -inf beyond the rank of J (singular), nan if lost to rounding.

    ln_det: (B,), for k = H: growths that add up to it are certain, and a last one that alone is lost follows from it.
    """
    diagonal = R.diagonal(dim1=1, dim2=2).abs()
    grown = diagonal.log()
    share = diagonal / R.abs().amax((1, 2)).unsqueeze(1).clamp_min(TINIEST)
    doubtful = share <= DOUBTFUL
    if not doubtful.any():
        return grown
    rounded, rank_of = share <= diagonal.shape[1] * torch.finfo(diagonal.dtype).eps, ranks()
    if ln_det is not None:
        regular = torch.isfinite(ln_det) & (rank_of == diagonal.shape[1])
        certain = regular & ((grown.sum(1) - ln_det).abs() <= CLOSE)
        rest = ln_det - grown[:, :-1].sum(1)
        follows = regular & ~certain & (doubtful.sum(1) == 1) & doubtful[:, -1]
        grown = torch.cat([grown[:, :-1], torch.where(follows, rest, grown[:, -1]).unsqueeze(1)], dim=1)
        known = certain | follows
        rounded = torch.where(regular.unsqueeze(1), doubtful, rounded) & ~known.unsqueeze(1)
    singular = torch.arange(diagonal.shape[1], device=diagonal.device) >= rank_of.unsqueeze(1)
    return torch.where(rounded, torch.where(singular, -torch.inf, torch.nan), grown)


def _mean_exponents(grown: Tensor, mask: Tensor, warmup: int) -> Spectrum:
    """Averages ln growths (T, B, k) over the samples that have enough real steps after the warm-up."""
    counted = mask & (mask.cumsum(0) > warmup)
    enough = counted.sum(0) >= SHORTEST
    if not enough.any():
        raise ValueError(f"T too short: no sample has {SHORTEST} real steps after a warm-up of {warmup}")
    counted = counted[:, enough]
    some = counted.any(1)
    columns = [_exponent(each, counted[some]) for each in grown[:, enough][some].unbind(2)]
    return Spectrum(*(torch.tensor(values, dtype=torch.float64) for values in zip(*columns, strict=True)))


def _exponent(grown: Tensor, counted: Tensor) -> tuple[float, float, float]:
    """Returns mean, standard error and half-width of the interval of one direction's growths (n, B)."""
    values = grown[counted]
    if torch.isneginf(values).any():
        return -math.inf, 0.0, 0.0
    if values.isnan().any():
        return math.nan, math.nan, math.nan
    mean = mean_over_time(torch.where(counted, grown, torch.nan))
    return mean.value, mean.error, mean.half
