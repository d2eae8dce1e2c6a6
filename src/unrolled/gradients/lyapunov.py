"""Lyapunov exponents of a driven recurrent network: how fast a small change of the state grows or dies on average.

By QR along the trajectory (Benettin et al. 1980), each with a standard error. They are what infinitely many steps
would give: over a few steps a random basis has not turned towards the growing directions yet, and a QR pass reads too
low. How much a gradient grows over the steps that there are is what `jacobian.products` says.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from unrolled.rnn import RNN

from .jacobian import finite
from .lengths import TINIEST, rank
from .trajectory import Trajectory, trajectory
from .uncertainty import mean_over_time

SHORTEST = 30  # steps after the warm-up: fewer show too little of their own correlation
DOUBTFUL = 1e-8  # of the largest entry of R: a growth below it is checked against det J
CLOSE = 1e-6  # nats: how well the growths of all H directions must add up to ln |det J|


@dataclass(frozen=True)
class Spectrum:
    """exponents (k,), descending but for noise, stderr (k,), half (k,) of the 95 % interval; nats per step, float64.

    -inf (with error 0): J_t is exactly singular at some step. nan (all three): at some step of some sample rounding
    left nothing of this direction. No mean leaves such a step out, for it is where the direction shrinks most.
    """

    exponents: Tensor
    stderr: Tensor
    half: Tensor


def lyapunov_spectrum(  # noqa: PLR0917
    rnn: RNN,
    x: Tensor,
    h0: Tensor | None = None,
    k: int | None = None,
    warmup: int | None = None,
    seed: int = 0,
) -> Spectrum:
    """The first k exponents (default: all H) of the layer driven by x (T, B, E) from h0 (B, H), mean over samples.

    warmup: steps, not counted, in which state and basis settle (default: T/10). seed: of the random basis.
    Raises ValueError where T leaves fewer than 30 steps ("T too short"), for k outside 1 ... H, and where the state is
    not finite.
    """
    return spectrum(finite(trajectory(rnn, x, h0)), k, warmup, seed)


def spectrum(seen: Trajectory, k: int | None = None, warmup: int | None = None, seed: int = 0) -> Spectrum:
    """The same along a trajectory that is known; carried steps do not count."""
    T, B, H = seen.h.shape
    Q = _basis(B, H, _count(k, H), seed).to(seen.h)
    grown = seen.h.new_full((T, B, Q.shape[2]), torch.nan)
    warmup = _checked(T, warmup)
    for t in range(T):
        moved, ln = seen.push(t, Q)
        new, step = _advance(moved, seen.ln_det[t] - H * ln, partial(seen.rank, t))
        real = seen.mask[t]
        grown[t] = torch.where(real.unsqueeze(1), step + ln.unsqueeze(1), torch.nan)
        Q = torch.where(real[:, None, None], new, Q)
    return _averaged(grown, seen.mask, warmup)


def lyapunov_from_jacobians(J: Tensor, k: int | None = None, warmup: int | None = None, seed: int = 0) -> Spectrum:
    """The same for given matrices J (T, H, H) or (T, B, H, H), J[0] the first step. Raises the same errors."""
    J = J.unsqueeze(1) if J.ndim == 3 else J
    if J.ndim != 4 or J.shape[2] != J.shape[3]:
        raise ValueError(f"J has shape {tuple(J.shape)}, expected (T, H, H) or (T, B, H, H)")
    if not torch.isfinite(J).all():
        raise ValueError("J holds values that are not finite")
    T, B, H = J.shape[:3]
    warmup = _checked(T, warmup)
    Q = _basis(B, H, _count(k, H), seed).to(J.device)
    steps = []
    for step in J.double():
        Q, grown = _advance(step @ Q, _ln_det(step), partial(rank, step))
        steps.append(grown)
    return _averaged(torch.stack(steps), torch.ones(T, B, dtype=torch.bool, device=J.device), warmup)


def _checked(T: int, warmup: int | None) -> int:
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


def _ln_det(J: Tensor) -> Tensor:
    """ln |det J| of (B, H, H), its rows brought to length 1 first: tiny ones must not be lost beside large ones."""
    length = J.norm(dim=2, keepdim=True)
    return torch.linalg.slogdet(J / length.clamp_min(TINIEST))[1] + length.squeeze(2).log().sum(1)


def _advance(moved: Tensor, ln_det: Tensor, ranks: Callable[[], Tensor]) -> tuple[Tensor, Tensor]:
    """The next basis and ln of its growth (B, k), from moved (B, H, k) = J Q; one direction alone needs no QR.

    Sorted by descending length, rows keep their own precision in a QR by reflections (Cox & Higham 1998), and so do
    directions that only tiny rows carry: diag(f') makes rows of any size.
    """
    if moved.shape[2] == 1:
        length = moved.norm(dim=1, keepdim=True)
        return torch.where(length > 0, moved / length.clamp_min(TINIEST), moved), length.squeeze(2).log()
    order = moved.norm(dim=2).argsort(1, descending=True).unsqueeze(2).expand_as(moved)
    Q, R = torch.linalg.qr(moved.gather(1, order))
    whole = moved.shape[1] == moved.shape[2]
    return torch.empty_like(Q).scatter_(1, order, Q), _growth(R, ln_det if whole else None, ranks)


def _growth(R: Tensor, ln_det: Tensor | None, ranks: Callable[[], Tensor]) -> Tensor:
    """ln of the diagonal of R (B, k, k). -inf: beyond the rank of J, exactly singular; nan: lost to rounding.

    ln_det (B,), of all H directions: they are certain where they add up to it, and the last one alone follows from it.
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


def _averaged(grown: Tensor, mask: Tensor, warmup: int) -> Spectrum:
    """grown (T, B, k); of the samples with enough real steps, those that count."""
    counted = mask & (mask.cumsum(0) > warmup)
    enough = counted.sum(0) >= SHORTEST
    if not enough.any():
        raise ValueError(f"T too short: no sample has {SHORTEST} real steps after a warm-up of {warmup}")
    counted = counted[:, enough]
    some = counted.any(1)
    columns = [_exponent(each, counted[some]) for each in grown[:, enough][some].unbind(2)]
    return Spectrum(*(torch.tensor(values, dtype=torch.float64) for values in zip(*columns, strict=True)))


def _exponent(grown: Tensor, counted: Tensor) -> tuple[float, float, float]:
    """Mean, standard error and half of the interval of one direction's growths (n, B)."""
    values = grown[counted]
    if torch.isneginf(values).any():
        return -math.inf, 0.0, 0.0
    if values.isnan().any():
        return math.nan, math.nan, math.nan
    mean = mean_over_time(torch.where(counted, grown, torch.nan))
    return mean.value, mean.error, mean.half
