"""A portrait's curves, on networks whose curves are known."""

import json
import math

import pytest
import torch

from unrolled.gradients import diagnose
from unrolled.gradients.portrait import portrait
from unrolled.rnn import RNN

T, B, E, H = 80, 12, 3, 6


def linear(W_h: torch.Tensor) -> RNN:
    rnn = RNN(E, len(W_h), "identity").double()
    with torch.no_grad():
        rnn.W_h.copy_(W_h)
    return rnn


@pytest.mark.parametrize("c", [0.5, 1.1])
def test_an_orthogonal_linear_network(c: float) -> None:
    torch.manual_seed(0)
    rnn = linear(c * torch.linalg.qr(torch.randn(H, H, dtype=torch.float64))[0])
    drawn = portrait(diagnose(rnn, torch.randn(T, B, E)))
    k = drawn.lags.double()
    torch.testing.assert_close(drawn.ln_singular, (k * math.log(c)).unsqueeze(1).expand(-1, H), rtol=0, atol=1e-9)
    assert drawn.exponents is not None
    assert drawn.exponents.tolist() == pytest.approx([math.log(c)] * H, abs=1e-9)
    behind = drawn.sources.unsqueeze(1).double() - torch.arange(T)
    expected = torch.where(behind >= 0, behind * math.log(c), torch.nan)
    torch.testing.assert_close(drawn.ln_cone, expected, rtol=0, atol=1e-9, equal_nan=True)
    lags = torch.arange(T, dtype=torch.float64)
    torch.testing.assert_close(drawn.ln_dh, lags * math.log(c) + 0.5 * math.log(H), rtol=0, atol=1e-9)
    assert drawn.eigenvalues.norm(dim=1).tolist() == pytest.approx([c] * H)


def test_padding_is_no_part_of_it() -> None:
    """A portrait follows only the longest samples, and only their real steps."""
    rnn = linear(0.5 * torch.eye(H, dtype=torch.float64))
    lengths = torch.tensor([30] * 4 + [50] * 8)
    mask = torch.arange(T).unsqueeze(1) >= T - lengths
    drawn = portrait(diagnose(rnn, torch.randn(T, B, E), mask=mask))
    assert int(drawn.lags[-1]) == 50 and len(drawn.ln_dh) == 50
    assert float(drawn.ln_singular[-1, 0]) == pytest.approx(50 * math.log(0.5))


def test_its_plain_values_are_json_that_everyone_reads() -> None:
    rnn = linear(torch.tensor([[1.0, 0], [0, 0]]))  # one direction is exactly lost
    text = json.dumps(portrait(diagnose(rnn, torch.randn(T, B, E))).plain(), allow_nan=False)
    assert json.loads(text)["ln_singular"][-1] == [0.0, "-inf"]


def test_too_few_steps_give_a_reason_in_place_of_a_spectrum() -> None:
    drawn = portrait(diagnose(linear(torch.eye(H)), torch.randn(12, B, E)))
    assert drawn.exponents is None
    assert drawn.no_exponents is not None and drawn.no_exponents.startswith("T too short: 12 steps")


def test_a_state_that_is_not_finite_has_none() -> None:
    diagnosis = diagnose(linear(1e200 * torch.eye(H, dtype=torch.float64)), torch.randn(T, B, E))
    assert diagnosis.regime == "diverged"
    with pytest.raises(ValueError, match="not finite from time step"):
        portrait(diagnosis)
