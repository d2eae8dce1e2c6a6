import numpy as np
import pytest
import torch

from unrolled.gradients.profile import profile

DH = torch.randn(6, 40, 3, generator=torch.Generator().manual_seed(0))


def test_a_profile_is_over_the_samples_that_are_real() -> None:
    mask = torch.arange(6).unsqueeze(1) >= torch.arange(40) % 5
    found = profile(DH, mask)
    for t in range(6):
        norms = np.linalg.norm(DH[t, mask[t]].double().numpy(), axis=1)
        assert float(found.rms[t]) == pytest.approx(np.sqrt((norms**2).mean()))
        assert float(found.log_mean[t]) == pytest.approx(np.log(norms).mean())
        quantiles = [float(q[t]) for q in (found.q10, found.q50, found.q90)]
        assert quantiles == pytest.approx(np.quantile(norms, [0.1, 0.5, 0.9]))
        assert (found.zeros[t], found.count[t]) == (0, len(norms))


def test_exact_zeros_are_counted_and_left_out_of_the_mean_of_logs() -> None:
    dh = DH.clone()
    dh[2, :10] = 0
    dh[3] = 0
    found = profile(dh, torch.ones(6, 40, dtype=torch.bool))
    assert found.zeros.tolist() == [0, 0, 10, 40, 0, 0]
    assert float(found.log_mean[2]) == pytest.approx(float(dh[2, 10:].double().norm(dim=1).log().mean()))
    assert found.log_mean[3].isnan()
    assert found.rms[3] == 0


def test_where_no_sample_is_real_there_is_nothing() -> None:
    mask = torch.ones(6, 40, dtype=torch.bool)
    mask[:2] = False
    found = profile(DH, mask)
    assert found.count[:2].tolist() == [0, 0]
    assert all(values[:2].isnan().all() for values in (found.rms, found.log_mean, found.q50, found.zeros))


@pytest.mark.parametrize("size", [1e-30, 1e25])
def test_norms_are_float64_of_float32_gradients(size: float) -> None:
    """A float32 norm of these is 0 or inf (SCIENCE A10)."""
    dh = torch.full((1, 2, 4), size)
    assert float(dh.norm(dim=2)[0, 0]) in (0.0, float("inf"))
    assert float(profile(dh, torch.ones(1, 2, dtype=torch.bool)).rms) == pytest.approx(2 * size, rel=1e-6)
