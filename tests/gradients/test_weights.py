"""Where dL/dW_h comes from, sample by sample: against numpy, and at batches of any size."""

import numpy as np
import pytest
import torch
from torch import Tensor

from unrolled.gradients import weight_gradient
from unrolled.rnn import RNN, Tape


def taped(B: int, T: int = 30, H: int = 16) -> tuple[Tensor, Tensor]:
    """dL/da_t and h_{t-1} of one tanh network on B random samples, each with a loss direction of its own."""
    draw = torch.Generator().manual_seed(0)
    rnn, tape = RNN(1, H).double(), Tape()
    with torch.no_grad():
        rnn.W_h.copy_(torch.linalg.qr(torch.randn(H, H, generator=draw, dtype=torch.float64))[0])
        rnn.W_x.copy_(torch.randn(H, 1, generator=draw, dtype=torch.float64))
        rnn.b.zero_()
    x = torch.randn(T, B, 1, generator=draw, dtype=torch.float64)
    (rnn(x, tape=tape)[-1] * torch.randn(B, H, generator=draw, dtype=torch.float64)).sum().backward()
    assert tape.da is not None and tape.h is not None
    return tape.da, tape.h[:-1]


def test_the_mean_over_samples_of_each_ones_own_parts() -> None:
    da, h = taped(7)
    parts = np.einsum("tbi,tbj->btij", da.numpy(), h.numpy())
    norms = np.sqrt((parts**2).sum((2, 3)))
    sums = np.sqrt((parts.sum(1) ** 2).sum((1, 2)))
    found = weight_gradient(da, h)
    np.testing.assert_allclose(found.shares.numpy(), (norms / norms.sum(1, keepdims=True)).mean(0), rtol=1e-10)
    assert found.cancellation == pytest.approx((sums / norms.sum(1)).mean(), rel=1e-10)
    assert found.samples == 7
    cumulative = np.cumsum(found.shares.numpy()[::-1])
    assert found.memory[0.9] == int(np.argmax(cumulative >= 0.9))


def test_it_does_not_depend_on_the_size_of_the_batch() -> None:
    """The parts of the batch's gradient would: far back they cancel between samples."""
    found = [weight_gradient(*taped(B)) for B in (10, 128, 1000)]
    whole = found[-1]
    for each in found[:-1]:
        assert each.cancellation == pytest.approx(whole.cancellation, rel=0.15)
        assert each.memory[0.9] == pytest.approx(whole.memory[0.9], abs=1)
        torch.testing.assert_close(each.shares, whole.shares, rtol=0.3, atol=0.002)


def test_a_samples_scale_does_not_matter_and_one_without_a_gradient_does_not_count() -> None:
    da, h = taped(5)
    whole = weight_gradient(da, h)
    scaled = weight_gradient(da * torch.tensor([1e-8, 1, 1e3, 7, 2], dtype=torch.float64)[:, None], h)
    torch.testing.assert_close(scaled.shares, whole.shares)
    assert scaled.cancellation == pytest.approx(whole.cancellation)
    silent = torch.cat([da, torch.zeros_like(da[:, :2])], dim=1)
    padded = weight_gradient(silent, torch.cat([h, h[:, :2]], dim=1))
    assert padded.samples == 5
    torch.testing.assert_close(padded.shares, whole.shares)
    nothing = weight_gradient(torch.zeros_like(da), h)
    assert (nothing.samples, nothing.memory[0.9]) == (0, None)


def test_a_gradient_that_is_not_finite_holds_nothing() -> None:
    da, h = taped(3)
    da[4, 1] = torch.inf
    assert weight_gradient(da, h).memory == {0.5: None, 0.9: None, 0.99: None}
