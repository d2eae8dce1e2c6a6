"""Common mistakes, each made here on purpose: the right way gives another number."""

import math

import pytest
import torch
from torch import Tensor

from unrolled.gradients import diagnose, lyapunov_from_jacobians, lyapunov_spectrum, products, step_jacobians
from unrolled.rnn import RNN

F64 = torch.float64


def driven(H: int = 16, g: float = 2.0, T: int = 600, scale: float = 1.0, seed: int = 0) -> tuple[RNN, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    rnn = RNN(2, H, "tanh").double()
    with torch.no_grad():
        rnn.W_h.copy_(g * torch.randn(H, H, generator=draw, dtype=F64) / math.sqrt(H))
        rnn.W_x.copy_(torch.randn(H, 2, generator=draw, dtype=F64))
        rnn.b.copy_(0.3 * torch.randn(H, generator=draw, dtype=F64))
    return rnn, scale * torch.randn(T, 1, 2, generator=draw, dtype=F64)


def test_jacobians_are_those_of_autograd_at_the_state_after_the_input() -> None:
    """f' at a_t, which includes x_t; one step late, at a_{t-1}, it is another matrix."""
    rnn, x = driven(T=12)
    J, h = step_jacobians(rnn, x), torch.zeros(1, 16, dtype=F64)
    for t in range(12):
        right = torch.autograd.functional.jacobian(lambda before, t=t: rnn.step(x[t, 0], before), h[0])
        assert isinstance(right, Tensor)
        torch.testing.assert_close(J[t, 0], right, rtol=1e-12, atol=1e-14)
        if t:
            assert float((J[t - 1, 0] - right).norm() / right.norm()) > 0.1
        h = rnn.step(x[t], h).detach()


def test_a_gradient_goes_back_by_the_transpose_last_step_first() -> None:
    """J^T in forward order multiplies other matrices: with a periodic input its exponent is off by a quarter."""
    rnn, x = driven(T=2000)
    x = 3 * torch.sin(2 * math.pi * torch.arange(2000) / 20).double()[:, None, None].expand_as(x)
    J = step_jacobians(rnn, x)[:, 0]
    forward = lyapunov_spectrum(rnn, x, k=1, warmup=100)
    first, error = float(forward.exponents[0]), float(forward.stderr[0])
    backwards = float(lyapunov_from_jacobians(J.flip(0).transpose(1, 2), k=1, warmup=100).exponents[0])
    wrong = float(lyapunov_from_jacobians(J.transpose(1, 2), k=1, warmup=100).exponents[0])
    assert backwards == pytest.approx(first, rel=0.03)
    assert abs(wrong - first) > max(0.2 * abs(first), 5 * error)
    found = diagnose(rnn, x[:400])
    assert found.slope is not None and found.slope_error is not None
    assert abs(found.slope - first) < 3 * found.slope_error + 0.01


def test_over_few_steps_a_qr_pass_reads_low_and_is_refused() -> None:
    """SVD of the product says what a gradient can grow by; a random basis has not turned towards it yet."""
    short, gap = 20, []
    for seed in range(10):
        rnn, x = driven(H=64, g=1.5, T=short, scale=0.3, seed=seed)
        with pytest.raises(ValueError, match="T too short: 20 steps"):
            lyapunov_spectrum(rnn, x)
        J, Q, grown = step_jacobians(rnn, x)[:, 0], torch.randn(64, 1, dtype=F64, generator=torch.Generator()), 0.0
        for step in J:
            Q = step @ (Q / Q.norm())
            grown += math.log(float(Q.norm()))
        by_svd = float(products(J.unsqueeze(1), torch.tensor([short])).exponents[0, 0, 0])
        gap.append(by_svd - grown / short)
    assert min(gap) > 0.03


def test_a_norm_in_float32_is_0_where_the_log_is_not() -> None:
    rnn, x = driven(g=0.1, T=100)
    h, low = torch.zeros(1, 16), rnn.float()
    states = []
    for x_t in x.float():
        h = low.step(x_t, h)
        h.retain_grad()
        states.append(h)
    states[-1].sum().backward()
    gradient = states[0].grad
    assert gradient is not None and float(gradient.norm()) == 0
    found = diagnose(low, x)
    assert found.zeros == 0 and found.slope is not None and -10 < found.slope < -1


def test_vanishing_is_governed_by_the_largest_singular_value_not_by_rho() -> None:
    """rho < 1 and growth; and rho > 1 with a gradient that vanishes, for f' is small."""
    grows = RNN(1, 2, "identity").double()
    with torch.no_grad():
        grows.W_h.copy_(torch.tensor([[0.9, 10], [0, 0.9]]))
    found = diagnose(grows, torch.zeros(12, 1, 1))
    assert found.predictions.ln_rho < 0 < found.predictions.bound
    assert float(found.lags.mean[9]) > 2
    rnn, x = driven(g=1.5, scale=1.0)
    found = diagnose(rnn, x)
    assert found.predictions.ln_rho > 0.2
    assert found.slope is not None and found.slope < -0.1


def test_input_shifts_the_transition() -> None:
    """Chaotic without input, vanishing with it: exponents are measured with the task's own inputs."""
    rnn, x = driven(H=100, g=2.0, T=400)
    with torch.no_grad():
        rnn.b.zero_()
    start = 0.1 * torch.randn(1, 100, dtype=F64, generator=torch.Generator().manual_seed(3))
    assert float(lyapunov_spectrum(rnn, 0 * x, start, k=1).exponents[0]) > 0.05
    assert float(lyapunov_spectrum(rnn, 3 * x, start, k=1).exponents[0]) < -0.05


def test_a_profile_with_a_loss_at_every_step_hides_what_the_cone_shows() -> None:
    """c = .9: fresh gradients at each step keep dL/dh_t level, while each shrinks by .9 a step."""
    from unrolled.gradients import gradient_cone
    from unrolled.rnn import Tape

    rnn, tape = RNN(3, 8, "identity").double(), Tape()
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():  # drawn in float64: a rotation in float32 is none to 1e-7 a step
        rnn.W_h.copy_(0.9 * torch.linalg.qr(torch.randn(8, 8, dtype=F64, generator=draw))[0])
    x = torch.randn(60, 1, 3, dtype=F64, generator=draw)
    rnn(x, tape=tape).square().sum().backward()
    assert tape.dh is not None
    profile = tape.dh[:, 0].norm(dim=1).log()
    assert abs(float(profile[5] - profile[-5]) / 50) < 0.03
    cone = gradient_cone(rnn, x, lambda h, _: h.square().sum())
    s, k = 50, torch.arange(40)
    torch.testing.assert_close(cone[s, s - k].log() - cone[s, s].log(), math.log(0.9) * k.double())


def test_small_singular_values_are_not_rounding() -> None:
    """diag(1, .5, .1, .01) in a rotated frame: at lag 200 the smallest is e^-921 of the largest."""
    lags = torch.tensor([1, 5, 40, 200])
    Q = torch.linalg.qr(torch.randn(4, 4, dtype=F64, generator=torch.Generator().manual_seed(1)))[0]
    values = torch.tensor([1, 0.5, 0.1, 0.01], dtype=F64)
    J = (Q @ values.diag() @ Q.T).expand(200, 1, 4, 4)
    found = products(J, lags).ln_singular[:, 0]
    right = lags.unsqueeze(1) * values.log()
    torch.testing.assert_close(found, right, rtol=1e-6, atol=1e-6)
    naive = torch.linalg.svdvals(torch.linalg.matrix_power(Q @ values.diag() @ Q.T, 200)).log()
    assert bool((naive[1:] > right[-1, 1:] + 10).any())
