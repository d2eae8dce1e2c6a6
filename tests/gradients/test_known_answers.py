"""Systems whose answer is known exactly, from a closed form or an independent computation."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma
from torch import Tensor

from unrolled.gradients import (
    contributions,
    diagnose,
    lyapunov_from_jacobians,
    lyapunov_spectrum,
    mean_field,
    memory,
    products,
    step_jacobians,
    trajectory,
    weight_gradient,
)
from unrolled.rnn import RNN, Tape

F64 = torch.float64


def network(W_h: Tensor, activation: str = "identity", b: Tensor | float = 0.0, W_x: Tensor | float = 0.0) -> RNN:
    rnn = RNN(1, len(W_h), activation).double()
    with torch.no_grad():
        rnn.W_h.copy_(W_h)
        rnn.b.copy_(torch.as_tensor(b, dtype=F64).expand(len(W_h)))
        rnn.W_x.copy_(torch.as_tensor(W_x, dtype=F64).expand(len(W_h), 1))
    return rnn


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def silence(T: int, B: int = 1) -> Tensor:
    return torch.zeros(T, B, 1, dtype=F64)


@pytest.mark.parametrize("c", [0.5, 1.0, 1.3])
def test_a1_a_scaled_rotation(c: float) -> None:
    rnn = network(c * torch.linalg.qr(draw(6, 6))[0])
    ln = products(step_jacobians(rnn, silence(50))).ln_singular[:, 0]
    expected = math.log(c) * torch.arange(51, dtype=F64).unsqueeze(1).expand(51, 6)
    torch.testing.assert_close(ln, expected, rtol=0, atol=1e-10)  # all H alike: the condition number is 1
    exponents = lyapunov_spectrum(rnn, silence(50)).exponents
    torch.testing.assert_close(exponents, torch.full((6,), math.log(c), dtype=F64), rtol=0, atol=1e-12)


def test_a2_exponents_are_those_of_the_eigenvalues() -> None:
    """Exponents follow the eigenvalues, not the singular values: chosen eigenvalues, a basis far from orthogonal."""
    moduli = torch.tensor([1.1, 0.9, 0.6, 0.3], dtype=F64)
    basis = torch.eye(4, dtype=F64) + 0.7 * draw(4, 4).triu(1)
    W = basis @ moduli.diag() @ torch.linalg.inv(basis)
    found = lyapunov_spectrum(network(W), silence(2000), warmup=500)
    torch.testing.assert_close(found.exponents, moduli.log(), rtol=0, atol=1e-10)
    assert float((torch.linalg.svdvals(W).log() - moduli.log()).abs().max()) > 0.1


@pytest.mark.long
@pytest.mark.parametrize("m", [1.5, 1.9])
def test_a3_the_tent_map_in_two_relu_units(m: float) -> None:
    W = torch.tensor([[m, -2 * m], [m, -2 * m]], dtype=F64)
    rnn = network(W, "relu", torch.tensor([0, -0.5], dtype=F64))
    h0 = torch.tensor([[0.37, 0.0]], dtype=F64)
    found = lyapunov_spectrum(rnn, silence(3000), h0)
    assert float(found.exponents[0]) == pytest.approx(math.log(m), abs=3e-3)
    assert abs(float(found.exponents[0]) - math.log(m)) < 3 * float(found.stderr[0]) + 1e-3
    assert float(found.exponents[1]) == -math.inf
    long = products(step_jacobians(rnn, silence(3000), h0), torch.tensor([2999])).exponents
    assert float(long[0, 0, 0]) == pytest.approx(math.log(m), abs=1e-3)


def test_a4_transient_growth_of_a_non_normal_matrix() -> None:
    rnn = network(torch.tensor([[0.9, 10], [0, 0.9]], dtype=F64))
    norm = products(step_jacobians(rnn, silence(100))).ln_singular[:, 0, 0].exp()
    powers = [torch.linalg.matrix_norm(torch.linalg.matrix_power(rnn.W_h.detach(), n), 2) for n in range(101)]
    torch.testing.assert_close(norm, torch.stack(powers), rtol=1e-10, atol=0)
    assert int(norm.argmax()) == 9
    assert float(norm[9]) == pytest.approx(38.75, abs=0.005)
    assert int((norm[1:] < 1).nonzero()[0]) + 1 == 63
    predicted = diagnose(rnn, silence(100)).predictions
    assert math.exp(predicted.ln_rho) == pytest.approx(0.9, abs=1e-7)
    assert predicted.departure == pytest.approx(10 / math.sqrt(2 * 0.81 + 100))  # norm of the triangle's upper part


def test_a5_fresh_gaussian_matrices() -> None:
    N, T = 64, 3000
    found = lyapunov_from_jacobians(draw(T, N, N) / math.sqrt(N))
    i = torch.arange(1, N + 1).numpy()
    expected = torch.tensor(0.5 * (math.log(2 / N) + digamma((N - i + 1) / 2)))
    torch.testing.assert_close(found.exponents[:-1], expected[:-1], rtol=0, atol=0.02)
    assert [round(float(expected[k]), 5) for k in (0, 31, 63)] == [-0.00785, -0.34649, -2.71462]
    assert float(((found.exponents - expected).abs() < 3 * found.stderr).double().mean()) > 0.9


@settings(max_examples=20, derandomize=True)
@given(st.integers(2, 12), st.integers(30, 80), st.sampled_from(["tanh", "sigmoid", "softsign"]), st.integers(0, 1000))
def test_a6_the_exponents_add_up_to_the_volume(H: int, T: int, activation: str, seed: int) -> None:
    rnn = network(torch.linalg.qr(draw(H, H, seed=seed))[0] * 1.2, activation, 0.1, 0.5)
    x = draw(T, 1, 1, seed=seed + 1)
    J = step_jacobians(rnn, x)
    assert float(torch.linalg.cond(J).max()) < 1e5
    volume = torch.linalg.slogdet(J).logabsdet.mean()
    assert float(lyapunov_spectrum(rnn, x, warmup=0).exponents.sum()) == pytest.approx(float(volume), abs=1e-10)
    assert float(lyapunov_from_jacobians(J, warmup=0).exponents.sum()) == pytest.approx(float(volume), abs=1e-10)


@pytest.mark.parametrize(("g", "published"), [(2, 0.1547), (3, 0.3102), (5, 0.5324), (10, 0.8564)])
def test_a7_the_mean_field_exponent_of_a_random_tanh_network(g: float, published: float) -> None:
    """By trapezoid, with q iterated to its fixed point: other nodes and another solver than ours."""
    z = torch.linspace(-12, 12, 4001, dtype=F64)
    weight = torch.exp(-z * z / 2) / torch.exp(-z * z / 2).sum()
    q = torch.tensor(1.0, dtype=F64)
    for _ in range(2000):
        q = g * g * (weight @ torch.tanh(q.sqrt() * z) ** 2)
    exponent = 0.5 * math.log(g * g * float(weight @ torch.cosh(q.sqrt() * z) ** -4))
    found = mean_field("tanh", g * g, 0.0)
    assert found.q == pytest.approx(float(q), rel=1e-9)
    assert 0.5 * math.log(found.chi) == pytest.approx(exponent, abs=1e-6)
    assert exponent == pytest.approx(published, abs=5e-5)


@pytest.mark.parametrize("g", [3.0, 5.0])
def test_a7_a_network_of_a_thousand_units_comes_close_to_it(g: float) -> None:
    """From above nothing: one draw is biased low; 5 % for one seed, 3 % for the mean of five (a long test)."""
    rnn = network(g * draw(1000, 1000) / math.sqrt(1000), "tanh")
    found = lyapunov_spectrum(rnn, silence(600), draw(1, 1000, seed=1), k=1, warmup=100)
    theory = 0.5 * math.log(mean_field("tanh", g * g, 0.0).chi)
    assert float(found.exponents[0]) == pytest.approx(theory, rel=0.05)


@pytest.mark.long
@pytest.mark.parametrize("g", [3.0, 5.0, 10.0])
def test_a7_the_mean_of_five_draws_is_closer(g: float) -> None:
    theory, found = 0.5 * math.log(mean_field("tanh", g * g, 0.0).chi), []
    for seed in range(5):
        rnn = network(g * draw(1000, 1000, seed=seed) / math.sqrt(1000), "tanh")
        found.append(lyapunov_spectrum(rnn, silence(600), draw(1, 1000, seed=9), k=1, warmup=100).exponents[0])
    assert float(torch.stack(found).mean()) == pytest.approx(theory, rel=0.03)


@settings(max_examples=40, derandomize=True)
@given(st.integers(1, 12), st.integers(2, 60), st.floats(0.05, 0.9), st.floats(0, 30), st.integers(0, 1000))
def test_a9_a_contraction_shrinks_every_gradient(H: int, T: int, bound: float, scale: float, seed: int) -> None:
    """norm of dL/dh_k <= bound^(T-k) norm of dL/dh_T whatever drives it (Pascanu et al. 2013, eq. 6)."""
    W = draw(H, H, seed=seed)
    rnn = network(W * (bound / float(torch.linalg.matrix_norm(W, 2))), "tanh", draw(H, seed=seed + 1), 1.0)
    found = diagnose(rnn, scale * draw(T, 4, 1, seed=seed + 2))
    lags = torch.arange(T, dtype=F64)
    assert bool((found.lags.mean <= lags * math.log(bound) + 1e-9).all())
    assert math.exp(found.predictions.bound) == pytest.approx(bound)


def test_a10_a_float32_norm_is_0_long_before_the_gradient_is() -> None:
    from unrolled.gradients.log_pass import log_pass

    quarter = torch.tensor(0.25) ** torch.arange(200.0)
    assert int((quarter == 0).nonzero()[0]) in (64, 75)  # where denormals are flushed, and where not
    squares = (quarter**2).sqrt()
    assert int((squares == 0).nonzero()[0]) == 38
    rnn = network(torch.eye(3, dtype=F64) / 4)
    found = log_pass(trajectory(rnn, silence(1001)), torch.eye(3, dtype=F64)[:1]).ln_norm[0, :, 0].flip(0)
    torch.testing.assert_close(found, -math.log(4) * torch.arange(1001, dtype=F64), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
def test_a11_the_steps_parts_add_up_to_the_gradient_of_the_weights(activation: str) -> None:
    rnn, x, tape = network(draw(7, 7) / 2, activation, draw(7), draw(7, 1)), draw(25, 5, 1), Tape()
    mask = torch.arange(25).unsqueeze(1) >= 3 * torch.arange(5)
    rnn(x, tape=tape, mask=mask).square().sum().backward()
    assert rnn.W_h.grad is not None and tape.da is not None and tape.h is not None
    parts = contributions(tape.da, tape.h[:-1])
    torch.testing.assert_close(parts.sum(0), rnn.W_h.grad, rtol=1e-6, atol=1e-9)
    found = weight_gradient(tape.da, tape.h[:-1])
    norms = torch.linalg.matrix_norm(parts)
    torch.testing.assert_close(found.norms, norms)


@pytest.mark.parametrize("lam", [0.9, 0.99])
def test_a12_the_curse_of_memory(lam: float) -> None:
    """E(dh/dlambda)^2 = (1 + lambda^2) / (1 - lambda^2)^3 for white input (Zucchet & Orvieto 2024); dh/dh decays."""
    T, B = round(15 / (1 - lam)), 4000
    rnn = network(torch.tensor([[lam]], dtype=F64), "identity", 0.0, 1.0)
    found = memory(trajectory(rnn, draw(T, B, 1)))
    squares = (2 * found.ln_dtheta[-1]).exp()
    expected = (1 + lam**2) / (1 - lam**2) ** 3
    assert abs(float(squares.mean()) - expected) < 4 * float(squares.std()) / math.sqrt(B)
    assert float(squares.std()) / math.sqrt(B) < 0.05 * expected
    torch.testing.assert_close(found.ln_dh[:, 0], math.log(lam) * torch.arange(T, dtype=F64))
