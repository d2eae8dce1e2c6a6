"""Abrupt losses, and exact zeros by cause, on layers whose f' is chosen step by step."""

import pytest
import torch

from unrolled.bench.hard import driven_layer, tanh_at
from unrolled.gradients import Diagnosis, diagnose
from unrolled.rnn.init import orthogonal

B, H = 12, 8


def rotated(name: str, a: torch.Tensor, gain: float = 1.0) -> Diagnosis:
    rnn, x = driven_layer(name, gain * orthogonal(H, torch.Generator().manual_seed(0)), a)
    return diagnose(rnn, x)


def slopes(T: int, steps: dict[int, float]) -> torch.Tensor:
    """A layer with tanh' = 1 except at the given steps."""
    rates = torch.ones(T, B, H, dtype=torch.float64)
    for t, value in steps.items():
        rates[t] = value
    return tanh_at(rates)


def test_one_step_in_fifty_is_few() -> None:
    found = rotated("tanh", slopes(400, dict.fromkeys(range(20, 400, 50), 1e-3)))
    assert found.regime == "cut", found.reason


@pytest.mark.parametrize("steps", [{20: 1e-9}, {5: 1e-3, 30: 1e-2}, {2: 1e-6, 3: 1e-6, 39: 1e-6}])
def test_a_few_steps_that_account_for_the_loss_are_named(steps: dict[int, float]) -> None:
    found = rotated("tanh", slopes(40, steps))
    assert found.regime == "cut", found.reason
    assert ", ".join(map(str, sorted(steps))) in found.reason


def test_a_loss_at_every_step_is_no_cut() -> None:
    assert rotated("tanh", slopes(40, dict.fromkeys(range(40), 0.5))).regime == "vanishing"


def test_a_step_that_loses_less_than_the_others_together_is_no_cut() -> None:
    steps = dict.fromkeys(range(60), 0.8) | {30: 1e-4}
    assert rotated("tanh", slopes(60, steps)).regime == "vanishing"


def test_the_horizon_of_a_cut_is_the_step_that_cuts() -> None:
    found = rotated("tanh", slopes(50, {20: 1e-9}))
    assert (found.horizon.lag, found.horizon.direction) == (30, "down")


def test_units_that_are_off_at_most_steps_are_dead() -> None:
    a = torch.full((40, B, H), 0.5, dtype=torch.float64)
    a[::2] = -1
    assert rotated("relu", a).regime == "dead"


def test_units_that_are_off_for_ever_are_dead_though_no_step_has_all_of_them_off() -> None:
    """Half of the units are off, and W_h sends each of the others to one of them."""
    a = torch.full((40, B, H), 0.5, dtype=torch.float64)
    a[:, :, ::2] = -1
    W = torch.roll(torch.eye(H, dtype=torch.float64), 1, 0)
    rnn, x = driven_layer("relu", W, a)
    found = diagnose(rnn, x)
    assert (found.regime, found.zeros) == ("dead", 1)


@pytest.mark.parametrize("turned", [False, True])
def test_a_nilpotent_matrix_carries_nothing_further_than_its_delay(turned: bool) -> None:
    """In another basis the powers of W_h are 1e-17, not 0; such rounding must not count as a gradient."""
    W = torch.diag(torch.ones(H - 1, dtype=torch.float64), 1)
    Q = orthogonal(H, torch.Generator().manual_seed(1))
    rnn, x = driven_layer("identity", Q @ W @ Q.T if turned else W, torch.zeros(40, B, H, dtype=torch.float64))
    found = diagnose(rnn, x)
    assert (found.regime, found.zeros) == ("cut", 1)
    assert f"no gradient further back than {H - 1} steps" in found.reason
