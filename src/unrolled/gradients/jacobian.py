"""Step Jacobians J_t = dh_t/dh_{t-1}, their products, and the singular values of the products."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from unrolled.rnn import Recurrent
from unrolled.rnn.recurrence import Initial

from .along import Trajectory
from .lengths import rank, unit
from .trajectory import trajectory

RESOLVED = 1e-12  # of the largest singular value: smaller ones from a float64 SVD are rounding
SETTLED = 1e-8  # of the largest singular value: down to here the singular vectors are accurate too


def step_jacobians(layer: Recurrent, x: Tensor, h0: Initial = None) -> Tensor:
    """Computes J_t = dh_t/dh_{t-1} along the network's own states.

    x: (T, B, E), inputs.
    h0: (B, H), the initial state; None = 0.
    Returns (T, B, H, H), float64; J[t] leads to h_t. Gradients go back by the transpose: dL/dh_{t-1} = J_t^T dL/dh_t.
    Raises ValueError if shapes do not fit or a state is not finite.
    """
    return require_finite(trajectory(layer, x, h0)).jacobian()


def require_finite(trajectory: Trajectory) -> Trajectory:
    """Returns the trajectory itself; raises ValueError if a state is not finite."""
    if trajectory.diverged_at is not None:
        raise ValueError(f"the state is not finite from time step {trajectory.diverged_at} on: there are no Jacobians")
    return trajectory


@dataclass(frozen=True)
class Products:
    """Singular values of dh_T/dh_{T-k} at several lags k.

    lags: (L,), the lags k.
    ln_singular: (L, B, H), ln of the singular values, descending; -inf = exactly 0, nan = lost to rounding. The first
    is ln of the norm of dh_T/dh_{T-k}: over k steps a gradient grows at most by the first and at least by the last.
    """

    lags: Tensor
    ln_singular: Tensor

    @property
    def exponents(self) -> Tensor:
        """Finite-time Lyapunov exponents (L, B, H), nats per step; nan at lag 0."""
        k = self.lags.double()[:, None, None].to(self.ln_singular.device)
        return torch.where(k > 0, self.ln_singular / k, torch.nan)


@torch.no_grad()
def products(J: Tensor, lags: Tensor | None = None) -> Products:
    """Computes the singular values of J_T J_{T-1} ... J_{T-k+1} in log space.

    J: (T, B, H, H), step Jacobians.
    lags: (L,), the numbers of steps k, each in 0 ... T; None = all.
    Values come from an SVD of the product, rescaled at each step. Those under 1e-12 of the largest come from a QR pass
    over the transposed factors, last step first (Benettin et al. 1980), if it resolves them.
    """
    T, B, H = J.shape[:3]
    lags = torch.arange(T + 1) if lags is None else lags
    wanted = set(lags.tolist())
    whole, basis = torch.eye(H, dtype=torch.float64, device=J.device).expand(B, H, H), _settled_basis(J)
    scale, by_qr = basis.new_zeros(B), basis.new_zeros(B, H)
    rows = []
    for k in range(int(lags.max()) + 1):
        if k:
            step = J[T - k].double()
            whole, length = unit(whole @ step)
            scale = scale + length
            basis, grown = qr_step(step.transpose(1, 2) @ basis, partial(rank, step))
            by_qr = by_qr + grown
        if k in wanted:
            rows.append(_ln_singular(torch.linalg.svdvals(whole), scale, by_qr))
    return Products(lags, torch.stack(rows))


def _settled_basis(J: Tensor) -> Tensor:
    """Returns the left singular vectors (B, H, H) of the longest product, of 2^i steps, that resolves them all.

    From this start the diagonals of a QR pass are the singular values themselves, not only up to a factor.
    """
    T, B, H = J.shape[:3]
    whole, basis, k = torch.eye(H, dtype=torch.float64, device=J.device).expand(B, H, H), None, 0
    for until in (2**i for i in range(T.bit_length())):
        while k < until:
            k += 1
            whole, _ = unit(whole @ J[T - k].double())
        U, singular, _ = torch.linalg.svd(whole)
        if basis is not None and bool((singular[:, -1] < SETTLED * singular[:, 0]).any()):
            break
        basis = U
    assert basis is not None
    return basis


def _ln_singular(singular: Tensor, scale: Tensor, by_qr: Tensor) -> Tensor:
    """Merges ln singular values (B, H), by SVD where it resolves them, else by QR; nan if neither does."""
    by_svd = singular.log() + scale.unsqueeze(1)
    resolved = singular > RESOLVED * singular[:, :1]
    floor = torch.where(resolved, by_svd, torch.inf).amin(1, keepdim=True)
    small = torch.where(by_qr <= floor, by_qr, torch.nan)  # the QR pass has not sorted the larger ones yet
    ln = torch.where(resolved, by_svd, small)
    return torch.where((singular[:, :1] == 0) | torch.isneginf(scale)[:, None], -torch.inf, ln)


def qr_step(moved: Tensor, ranks: Callable[[], Tensor]) -> tuple[Tensor, Tensor]:
    """Returns Q of `moved` (B, H, k) = J Q_before, and ln of the diagonal of R (B, k).

    ranks: returns the rank of J, (B,); called only if an entry of the diagonal is below rounding. Such an entry is -inf
    beyond the rank (J is exactly singular), else nan (lost to rounding).
    """
    Q, R = torch.linalg.qr(moved)
    diagonal = R.diagonal(dim1=-2, dim2=-1).abs()
    lost = diagonal <= moved.shape[-2] * torch.finfo(moved.dtype).eps * R.abs().amax((1, 2)).unsqueeze(1)
    if not lost.any():
        return Q, diagonal.log()
    singular = torch.arange(moved.shape[-1], device=moved.device) >= ranks().unsqueeze(1)
    return Q, torch.where(lost, torch.where(singular, -torch.inf, torch.nan), diagonal.log())
