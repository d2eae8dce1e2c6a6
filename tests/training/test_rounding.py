"""In chaos a rounding error becomes as large as the state: the profile in float32 is then no longer reproducible."""

import math

import pytest
import torch

from conftest import Run
from unrolled.gradients.diagnose import diagnose
from unrolled.record.words import lost_to_rounding
from unrolled.rnn import RNN


def layer(activation: str, W_h: torch.Tensor) -> RNN:
    rnn = RNN(1, len(W_h), activation).double()
    with torch.no_grad():
        rnn.W_h.copy_(W_h)
        rnn.W_x.fill_(0.1)
        rnn.b.zero_()
    return rnn


def gaussian(gain: float, H: int) -> torch.Tensor:
    draw = torch.Generator().manual_seed(5)
    return gain * torch.randn(H, H, generator=draw, dtype=torch.float64) / math.sqrt(H)


def inputs(T: int) -> torch.Tensor:
    return torch.randn(T, 16, 1, generator=torch.Generator().manual_seed(6), dtype=torch.float64)


def test_the_growth_is_that_of_the_distance_of_two_trajectories() -> None:
    """Computed without a Jacobian: a second trajectory, brought back to a distance of 1e-8 after every step."""
    W, T, start = gaussian(3.0, 48), 400, 40
    h = torch.zeros(16, 48, dtype=torch.float64)
    near, rates = h + 1e-8 / math.sqrt(48), []
    for step in inputs(T):
        h, near = (torch.tanh(state @ W.T + 0.1 * step) for state in (h, near))
        distance = (near - h).norm(dim=1, keepdim=True)
        rates.append(float((distance / 1e-8).log().mean()))
        near = h + (near - h) / distance * 1e-8
    found = diagnose(layer("tanh", W), inputs(T)).rounding_growth
    assert found is not None
    assert found / T == pytest.approx(sum(rates[start:]) / (T - start), abs=0.01)


@pytest.mark.parametrize(
    ("activation", "W_h"),
    [
        ("tanh", gaussian(0.5, 16)),  # an error dies out
        ("identity", 1.5 * torch.eye(4, dtype=torch.float64)),  # one Jacobian: the gradient knows no state
        ("relu", gaussian(3.0, 64)),  # the state grows as the error does
    ],
)
def test_elsewhere_an_error_does_not_grow_beyond_the_state(activation: str, W_h: torch.Tensor) -> None:
    assert diagnose(layer(activation, W_h), inputs(60)).rounding_growth is None


@pytest.mark.parametrize(("bits", "limit"), [(32, 16.635532), (64, 36.736801)])
def test_the_limit_is_where_a_rounding_error_is_as_large_as_the_state(bits: int, limit: float) -> None:
    assert lost_to_rounding(None, bits) is None
    assert lost_to_rounding(limit - 1e-5, bits) is None
    words = lost_to_rounding(limit + 1e-5, bits)
    assert words is not None
    assert f"float{bits} profile cannot be reproduced" in words


def test_a_trained_chaotic_network_says_that_its_profile_cannot_be_reproduced(
    quick_run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    chaotic = ["task=adding", "task.length=160", "task.samples=100", "activation=tanh", "init=gaussian"]
    chaotic += ["init.gain=5", "model.hidden=48", "probe.births=0", "trainer.max_steps=1"]
    status = quick_run(*chaotic)
    assert status["rounding_growth"] == pytest.approx(160 * status["predictions"]["exponent"])
    assert status["rounding_growth"] > 24 * math.log(2)
    assert status["predictions"]["exponent_half"] > status["predictions"]["exponent_error"]
    half = f"{status['predictions']['exponent']:+.3f} +- {status['predictions']['exponent_half']:.3f}"
    said = capsys.readouterr().out
    assert f"Lyapunov exponent {half}" in said
    assert "rounding  the float32 profile cannot be reproduced" in said
