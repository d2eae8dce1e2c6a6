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
    seen = portrait(diagnose(rnn, torch.randn(T, B, E)))
    k = seen.lags.double()
    torch.testing.assert_close(seen.ln_singular, (k * math.log(c)).unsqueeze(1).expand(-1, H), rtol=0, atol=1e-9)
    assert seen.exponents is not None
    assert seen.exponents.tolist() == pytest.approx([math.log(c)] * H, abs=1e-9)
    behind = seen.sources.unsqueeze(1).double() - torch.arange(T)
    expected = torch.where(behind >= 0, behind * math.log(c), torch.nan)
    torch.testing.assert_close(seen.ln_cone, expected, rtol=0, atol=1e-9, equal_nan=True)
    lags = torch.arange(T, dtype=torch.float64)
    torch.testing.assert_close(seen.ln_dh, lags * math.log(c) + 0.5 * math.log(H), rtol=0, atol=1e-9)
    assert seen.eigenvalues.norm(dim=1).tolist() == pytest.approx([c] * H)


def test_padding_is_no_part_of_it() -> None:
    """The longest samples are drawn, and of them their real steps alone."""
    rnn = linear(0.5 * torch.eye(H, dtype=torch.float64))
    lengths = torch.tensor([30] * 4 + [50] * 8)
    mask = torch.arange(T).unsqueeze(1) >= T - lengths
    seen = portrait(diagnose(rnn, torch.randn(T, B, E), mask=mask))
    assert int(seen.lags[-1]) == 50 and len(seen.ln_dh) == 50
    assert float(seen.ln_singular[-1, 0]) == pytest.approx(50 * math.log(0.5))


def test_its_plain_values_are_json_that_everyone_reads() -> None:
    rnn = linear(torch.tensor([[1.0, 0], [0, 0]]))  # one direction is exactly lost
    text = json.dumps(portrait(diagnose(rnn, torch.randn(T, B, E))).plain(), allow_nan=False)
    assert json.loads(text)["ln_singular"][-1] == [0.0, "-inf"]


def test_too_few_steps_give_a_reason_in_place_of_a_spectrum() -> None:
    seen = portrait(diagnose(linear(torch.eye(H)), torch.randn(12, B, E)))
    assert seen.exponents is None
    assert seen.no_exponents is not None and seen.no_exponents.startswith("T too short: 12 steps")


def test_a_state_that_is_not_finite_has_none() -> None:
    told = diagnose(linear(1e200 * torch.eye(H, dtype=torch.float64)), torch.randn(T, B, E))
    assert told.regime == "diverged"
    with pytest.raises(ValueError, match="not finite from time step"):
        portrait(told)
