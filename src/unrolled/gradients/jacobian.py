"""Step Jacobians J_t = dh_t/dh_{t-1}, their products, and the singular values of those."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from unrolled.rnn import RNN

from .lengths import rank, unit
from .trajectory import Trajectory, trajectory

RESOLVED = 1e-12  # of the largest singular value: below it an SVD in float64 returns rounding
SETTLED = 1e-8  # down to here its vectors are good too


def step_jacobians(rnn: RNN, x: Tensor, h0: Tensor | None = None) -> Tensor:
    """J_t at the network's own trajectory on x (T, B, E) from h0 (B, H): (T, B, H, H), float64; J[t] leads to h_t.

    A gradient goes back by the transpose, the last step first: dL/dh_{t-1} = J_t^T dL/dh_t.
    Raises ValueError for shapes that do not fit, and where the state is not finite.
    """
    return finite(trajectory(rnn, x, h0)).jacobian()


def finite(seen: Trajectory) -> Trajectory:
    """Itself. Raises ValueError where the forward state is not finite: nothing can be said of what follows."""
    if seen.diverged_at is not None:
        raise ValueError(f"the state is not finite from time step {seen.diverged_at} on: there are no Jacobians")
    return seen


@dataclass(frozen=True)
class Products:
    """ln_singular (L, B, H): ln of the singular values of dh_T/dh_{T-k} for each k of lags (L,), descending.

    -inf: exactly 0. nan: unresolved, lost to rounding. norm of dh_T/dh_{T-k} = exp of the first; what a gradient can
    at most and at least become over k steps is the first and the last.
    """

    lags: Tensor
    ln_singular: Tensor

    @property
    def exponents(self) -> Tensor:
        """(L, B, H): finite-time exponents, nats per step; nan at lag 0."""
        k = self.lags.double()[:, None, None].to(self.ln_singular.device)
        return torch.where(k > 0, self.ln_singular / k, torch.nan)


@torch.no_grad()
def products(J: Tensor, lags: Tensor | None = None) -> Products:
    """Singular values of J_T J_{T-1} ... J_{T-k+1} for J (T, B, H, H) and lags in 0 ... T (default: all), in log space.

    By SVD of the product, scaled at each step. Values under 1e-12 of the largest come from a QR pass over the
    transposed factors, last step first (Benettin et al. 1980), where that resolves them.
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
            rows.append(_joined(torch.linalg.svdvals(whole), scale, by_qr))
    return Products(lags, torch.stack(rows))


def _settled_basis(J: Tensor) -> Tensor:
    """(B, H, H): left singular vectors of the longest product, of 1, 2, 4, ... steps, that has them all resolved.

    From the right start the diagonals of a QR pass are the singular values themselves, not only up to a factor.
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


def _joined(singular: Tensor, scale: Tensor, by_qr: Tensor) -> Tensor:
    """ln of singular values (B, H), each from where it is resolved; descending, unresolved ones kept in place."""
    by_svd = singular.log() + scale.unsqueeze(1)
    seen = singular > RESOLVED * singular[:, :1]
    floor = torch.where(seen, by_svd, torch.inf).amin(1, keepdim=True)
    small = torch.where(by_qr <= floor, by_qr, torch.nan)  # what QR has not yet put in order is no answer
    ln = torch.where(seen, by_svd, small)
    return torch.where((singular[:, :1] == 0) | torch.isneginf(scale)[:, None], -torch.inf, ln)


def qr_step(moved: Tensor, ranks: Callable[[], Tensor]) -> tuple[Tensor, Tensor]:
    """Q of `moved` (B, H, k) = J Q_before, and ln of the diagonal of R (B, k).

    Where an entry is below rounding: -inf beyond the rank of J (`ranks` gives them, (B,): it is exactly singular), else
    nan: lost.
    """
    Q, R = torch.linalg.qr(moved)
    diagonal = R.diagonal(dim1=-2, dim2=-1).abs()
    lost = diagonal <= moved.shape[-2] * torch.finfo(moved.dtype).eps * R.abs().amax((1, 2)).unsqueeze(1)
    if not lost.any():
        return Q, diagonal.log()
    singular = torch.arange(moved.shape[-1], device=moved.device) >= ranks().unsqueeze(1)
    return Q, torch.where(lost, torch.where(singular, -torch.inf, torch.nan), diagonal.log())
