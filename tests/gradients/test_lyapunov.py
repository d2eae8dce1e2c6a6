"""Lyapunov exponents where directions shrink beyond float64's precision, and their intervals."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from unrolled.gradients import lyapunov_from_jacobians, lyapunov_spectrum, trajectory
from unrolled.gradients.along_vanilla import AlongVanilla
from unrolled.rnn import RNN


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_a_direction_that_shrinks_beyond_rounding_at_every_other_step() -> None:
    """diag(1, 1e-20 and 1e-2 in turn): a mean over the steps that can be resolved would be -4.605."""
    J = torch.zeros(200, 2, 2, dtype=torch.float64)
    J[:, 0, 0], J[0::2, 1, 1], J[1::2, 1, 1] = 1, 1e-20, 1e-2
    found = lyapunov_from_jacobians(J)
    assert found.exponents.tolist() == pytest.approx([0, (math.log(1e-20) + math.log(1e-2)) / 2], abs=1e-9)


@settings(max_examples=25, derandomize=True)
@given(st.integers(2, 6), st.floats(0, 60), st.integers(0, 10**6))
def test_exponents_of_small_rows_add_up_to_ln_det(H: int, decades: float, seed: int) -> None:
    """A6 far beyond condition numbers of 1e5: rows of any size, as diag(f') makes them."""
    T = 40
    order = torch.rand(T, H, generator=torch.Generator().manual_seed(seed)).argsort(1)
    ln_rows = -math.log(10) * decades * order.double() / (H - 1)
    base = normal(T, H, H, seed=seed)
    found = lyapunov_from_jacobians(ln_rows.exp().unsqueeze(2) * base, warmup=0)
    volume = (torch.linalg.slogdet(base)[1] + ln_rows.sum(1)).mean()
    if not found.exponents.isnan().any():
        assert float(found.exponents.sum()) == pytest.approx(float(volume), abs=1e-5)
    assert not found.exponents.isneginf().any()


@settings(max_examples=25, derandomize=True)
@given(st.integers(2, 6), st.floats(0, 40), st.integers(0, 10**6))
def test_what_columns_hide_is_exact_or_nan(H: int, decades: float, seed: int) -> None:
    """Columns of any size: what rounding takes is not known, and is neither 0 nor left out of a mean."""
    columns = 10 ** (-decades * torch.arange(H, dtype=torch.float64) / (H - 1))
    base = normal(40, H, H, seed=seed)
    found = lyapunov_from_jacobians(base * columns, warmup=0).exponents
    volume = (torch.linalg.slogdet(base)[1] + columns.log().sum()).mean()
    assert not found.isneginf().any()
    if not found.isnan().any():
        assert float(found.sum()) == pytest.approx(float(volume), abs=1e-5)


@pytest.mark.parametrize("gain", [3.0, 10.0, 50.0])
def test_a_saturated_network_has_all_its_exponents(gain: float) -> None:
    """tanh at gain 50: 1 - tanh^2 spans hundreds of powers of ten; the sum is the mean of ln |det J_t|."""
    H = 32
    rnn = RNN(1, H).double().requires_grad_(False)
    rnn.W_h.copy_(gain * normal(H, H, seed=1) / math.sqrt(H))
    rnn.W_x.zero_()
    x, h0 = torch.zeros(120, 1, 1, dtype=torch.float64), normal(1, H, seed=2)
    found = lyapunov_spectrum(rnn, x, h0, warmup=30)
    along = trajectory(rnn, x, h0)
    assert isinstance(along, AlongVanilla)
    ln_slope = along.ln_slope[30:, 0].sum(1)
    volume = float((ln_slope + torch.linalg.slogdet(rnn.W_h)[1]).mean())
    assert float(found.exponents.sum()) == pytest.approx(volume, rel=1e-9)


def test_a_direction_that_is_lost_at_one_step_of_one_sample_is_nan() -> None:
    """Two of three directions are lost to rounding at one step: neither is known, and no mean skips that step."""
    J = normal(60, 3, 3, 3) / 2
    J[40, 1] = normal(3, 3, seed=3) * torch.tensor([1.0, 1e-25, 1e-30], dtype=torch.float64)
    found = lyapunov_from_jacobians(J)
    assert found.exponents.isnan().tolist() == [False, True, True]
    assert found.stderr.isnan().tolist() == found.half.isnan().tolist() == [False, True, True]
    few = lyapunov_from_jacobians(J, k=2)
    assert few.exponents.isnan().tolist() == [False, True]


@pytest.mark.parametrize("singular", ["row", "column", "low rank"])
def test_an_exactly_singular_step_is_ln_0(singular: str) -> None:
    J = normal(60, 3, 3)
    if singular == "row":
        J[30, 1] = 0
    elif singular == "column":
        J[30, :, 1] = 0
    else:
        J[30] = normal(3, 2, seed=1) @ normal(2, 3, seed=2)
    found = lyapunov_from_jacobians(J)
    assert torch.isfinite(found.exponents[:2]).all()
    assert float(found.exponents[2]) == -math.inf
    assert (float(found.stderr[2]), float(found.half[2])) == (0, 0)


@pytest.mark.parametrize("samples", [1, pytest.param(8, marks=pytest.mark.long)])
@pytest.mark.parametrize("shared", [False, True])
def test_the_interval_of_the_first_exponent_holds_the_truth(samples: int, shared: bool) -> None:
    """Scalars J_t = exp(.3 e_t) have exponent 0; nominal 95 %, of 300 draws."""
    covered = 0
    for i in range(300):
        noise = normal(60, 1 if shared else samples, 1, 1, seed=i).expand(-1, samples, 1, 1)
        found = lyapunov_from_jacobians((0.3 * noise).exp(), warmup=0)
        covered += abs(float(found.exponents[0])) <= float(found.half[0])
    assert 0.91 <= covered / 300 <= 0.99
