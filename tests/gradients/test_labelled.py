"""`diagnose` on networks whose regime is known by construction, and on random ones judged by a long exponent."""

from typing import Any

import pytest
import torch

from unrolled.bench.gated_networks import gated
from unrolled.bench.hard import hard
from unrolled.bench.networks import Case, constructed
from unrolled.bench.populations import judge, random_networks
from unrolled.gradients import REGIMES, diagnose
from unrolled.rnn import GRU, LSTM, Leaky

CASES = constructed()


def wrong(cases: list[Case]) -> list[tuple[str, str, str]]:
    """Returns (truth, label, why the truth is known) of the cases with a wrong label."""
    found = [(case.truth, diagnose(case.rnn, case.x, case.h0).regime, case.why) for case in cases]
    return [each for each in found if each[0] != each[1]]


def test_the_suite_is_what_it_says() -> None:
    assert len(CASES) >= 300
    assert {case.truth for case in CASES} == set(REGIMES) - {"undecided", "mixed", "cut"}
    assert {case.rnn.hidden for case in CASES} >= {2, 256}
    assert {len(case.x) for case in CASES} >= {10, 500}


def test_an_eighth_of_the_networks_of_a_known_regime_have_their_labels() -> None:
    assert wrong(CASES[::8]) == []


@pytest.mark.long
def test_every_network_of_a_known_regime_has_its_label() -> None:
    assert wrong(CASES) == []


def test_every_gated_network_of_a_known_regime_has_its_label() -> None:
    cases = gated()
    assert len(cases) >= 160 and {type(case.rnn) for case in cases} == {LSTM, GRU, Leaky}
    assert {case.truth for case in cases} == {"vanishing", "stable", "exploding", "saturated"}
    assert wrong(cases) == []


def test_their_jacobians_are_those_that_they_are_built_with() -> None:
    """By autograd of torch's LSTM: at rest with W_hg = c I the largest eigenvalue of dz_t/dz_{t-1} is f + c / 4."""
    case = next(each for each in gated() if each.why == "LSTM at rest, W_hg = 3 I")
    assert isinstance(case.rnn, LSTM)
    module: Any = case.rnn.to_torch()
    H = case.rnn.hidden

    def step(state: torch.Tensor) -> torch.Tensor:
        _, after = module(torch.zeros(1, 1, 3, dtype=torch.float64), tuple(state.view(2, 1, 1, H).unbind(0)))
        return torch.cat(after).flatten()

    J: Any = torch.autograd.functional.jacobian(step, torch.zeros(2 * H, dtype=torch.float64))
    assert float(torch.linalg.eigvals(J).abs().max()) == pytest.approx(0.5 + 3 / 4, rel=1e-12)


@pytest.fixture(scope="module")
def harder() -> dict[str, list[tuple[str, str, str]]]:
    """Returns (truth, label, reason) of the networks, by kind."""
    kinds: dict[str, list[tuple[str, str, str]]] = {}
    for case in hard():
        found = diagnose(case.rnn, case.x, case.h0, dh_T=case.dh_T)
        kinds.setdefault(case.kind, []).append((case.truth, found.regime, found.reason))
    return kinds


@pytest.mark.long
def test_no_network_of_a_hard_kind_has_a_wrong_label(harder: dict[str, list[tuple[str, str, str]]]) -> None:
    assert len(harder) >= 11
    for kind, found in harder.items():
        others = [each for each in found if each[1] not in (each[0], "undecided")]
        assert (kind, others) == (kind, [])
        assert len(found) >= 10, kind
        assert sum(label == "undecided" for _, label, _ in found) <= len(found) / 5, kind


def test_the_hard_networks_have_the_f_prime_that_they_are_built_with() -> None:
    """By float64 autograd through the loop: one step with f' = 1e-9, and a gradient that keeps its length elsewhere."""
    case = next(each for each in hard() if each.kind == "one step with f' = 1e-9" and len(each.x) == 60)
    states = [torch.zeros(case.x.shape[1], case.rnn.hidden, dtype=torch.float64, requires_grad=True)]
    for x in case.x:
        states.append(case.rnn.step(x, states[-1]))
    start = torch.randn(states[-1].shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    norms = torch.stack(torch.autograd.grad(states[-1], states[1:], start)).norm(dim=2)
    torch.testing.assert_close(norms[-1] * 1e-9, norms[0], rtol=1e-6, atol=0)
    changes = (norms[1:] / norms[:-1]).log()
    assert ((changes.abs() < 1e-6).sum(0) == len(changes) - 1).all()


@pytest.mark.long
def test_random_networks_agree_with_a_long_exponent() -> None:
    verdicts = [judge(each) for each in random_networks(24, seed=7)]
    wrong = [each for each in verdicts if each[2] is False]
    assert len(wrong) <= 0.05 * len(verdicts), wrong
    assert sum(right is True for *_, right in verdicts) >= 0.7 * len(verdicts)


@pytest.mark.long
def test_many_random_networks_agree_with_a_long_exponent() -> None:
    verdicts = [judge(each) for each in random_networks(1000, seed=11)]
    assert sum(right is False for *_, right in verdicts) <= 0.05 * len(verdicts)
