import math

import pytest
import torch

from unrolled.rnn.init import INITS, fan_in, recurrent, stream, streams

H = 200


def test_orthogonal_is_orthogonal_with_either_determinant() -> None:
    signs = set()
    for seed in range(8):
        q = recurrent("orthogonal", 20, generator=stream(seed, "W_h"))
        torch.testing.assert_close(q.T @ q, torch.eye(20, dtype=torch.float64), rtol=0, atol=1e-12)
        signs.add(round(float(torch.linalg.det(q))))
    assert signs == {-1, 1}


def test_orthogonal_is_uniform_over_the_group() -> None:
    """Under the Haar measure the trace has mean 0 and variance 1 (Diaconis & Shahshahani 1994); raw QR has neither."""
    traces = torch.tensor([float(recurrent("orthogonal", 10, generator=stream(s, "x")).trace()) for s in range(2000)])
    assert abs(float(traces.mean())) < 4 / math.sqrt(2000)
    assert float(traces.var()) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("name", ["gaussian", "xavier"])
def test_entries_have_variance_one_over_h(name: str) -> None:
    w = recurrent(name, H, generator=stream(0, "W_h"))
    assert float(w.var()) == pytest.approx(1 / H, rel=0.05)
    assert abs(float(w.mean())) < 4 / math.sqrt(H) / H
    if name == "xavier":
        assert float(w.abs().max()) <= math.sqrt(6 / (H + H))


def test_identity_is_the_identity() -> None:
    assert torch.equal(recurrent("identity", 4, 1.5), 1.5 * torch.eye(4, dtype=torch.float64))


@pytest.mark.parametrize("name", INITS)
def test_a_gain_only_scales(name: str) -> None:
    base = recurrent(name, 6, generator=stream(0, "W_h"))
    assert torch.equal(recurrent(name, 6, 2.5, stream(0, "W_h")), 2.5 * base)


def test_input_weights_have_sd_gain_over_root_of_fan_in() -> None:
    assert float(fan_in(500, 100, 3.0, stream(0, "W_x")).std()) == pytest.approx(3 / 10, rel=0.02)


def test_a_stream_is_a_function_of_seed_and_name() -> None:
    def first(generator: torch.Generator) -> float:
        return float(torch.rand(1, generator=generator))

    assert first(stream(3, "W_h")) == first(stream(3, "W_h")) == first(streams(3)("W_h"))
    draws = [first(stream(seed, name)) for seed in range(20) for name in ("W_h", "W_x", "birth/0/W_h")]
    assert len(set(draws)) == len(draws)
    assert first(streams(3, "birth/0/")("W_h")) == first(stream(3, "birth/0/W_h"))


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown init 'foo'; allowed: gaussian, orthogonal, identity, xavier"):
        recurrent("foo", 3)
