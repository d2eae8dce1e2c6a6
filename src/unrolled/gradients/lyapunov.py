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

from .jacobian import finite, qr_step, rank
from .trajectory import Trajectory, trajectory

SHORTEST = 30  # steps after the warm-up: fewer make no four blocks that know little of each other


@dataclass(frozen=True)
class Spectrum:
    """exponents (k,), descending but for noise, and stderr (k,): nats per step, float64.

    -inf (with error 0): J_t is exactly singular at some step. nan: lost to rounding at every sample.
    """

    exponents: Tensor
    stderr: Tensor


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
    (T, B, H), W_h = seen.h.shape, seen.W_h
    slope, factor = seen.scaled_slope
    Q = _basis(B, H, _count(k, H), seed).to(W_h)
    grown = W_h.new_full((T, B, Q.shape[2]), torch.nan)
    warmup = _checked(T, warmup)
    for t in range(T):
        moved = slope[t].unsqueeze(2) * (W_h @ Q)
        new, step = _advance(moved, partial(_rank_at, seen, t))
        real = seen.mask[t]
        grown[t] = torch.where(real.unsqueeze(1), step + factor[t].unsqueeze(1), torch.nan)
        Q = torch.where(real[:, None, None], new, Q)
    return _averaged(grown, seen.mask, warmup)


def _rank_at(seen: Trajectory, t: int) -> Tensor:
    """(B,): at most the rank of J_t, from that of W_h and the units that are not off."""
    return torch.isfinite(seen.ln_slope[t]).sum(1).clamp_max(int(torch.linalg.matrix_rank(seen.W_h)))


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
        Q, grown = _advance(step @ Q, partial(rank, step))
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


def _advance(moved: Tensor, ranks: Callable[[], Tensor]) -> tuple[Tensor, Tensor]:
    """The next basis and ln of its growth (B, k); one direction alone needs no QR."""
    if moved.shape[2] > 1:
        return qr_step(moved, ranks)
    length = moved.norm(dim=1, keepdim=True)
    grown = length.squeeze(2).log()
    return torch.where(length > 0, moved / length.clamp_min(1e-300), moved), grown


def _averaged(grown: Tensor, mask: Tensor, warmup: int) -> Spectrum:
    """grown (T, B, k), nan where not real. The error is the larger of that over blocks of time and over samples."""
    order = mask.cumsum(0)
    counted = mask & (order > warmup)
    enough = counted.sum(0) >= SHORTEST
    if not enough.any():
        raise ValueError(f"T too short: no sample has {SHORTEST} real steps after a warm-up of {warmup}")
    grown = torch.where(counted.unsqueeze(2), grown, torch.nan)[:, enough]
    per_step = grown.nanmean(1)[counted[:, enough].any(1)]
    blocks = max(4, math.isqrt(len(per_step)))
    block_means = torch.stack([block.nanmean(0) for block in per_step.tensor_split(blocks)])
    exponents = grown.nanmean((0, 1))
    stderr = block_means.std(0) / math.sqrt(blocks)
    if grown.shape[1] > 1:
        stderr = stderr.maximum(grown.nanmean(0).std(0) / math.sqrt(grown.shape[1]))
    return Spectrum(exponents.cpu(), torch.where(torch.isneginf(exponents), 0.0, stderr).cpu())
