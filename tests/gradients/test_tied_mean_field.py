"""The slope of gated networks at initialisation, against closed forms and autograd through torch's own cells."""

import math
import re

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from conftest import ROOT
from unrolled.gradients import tied_mean_field
from unrolled.gradients.hops import moments, tied_slope, untied_slope

N, E, T, B = 256, 64, 120, 4


def table() -> dict[str, list[str]]:
    """The rows of the page that shows this theory beside measurements, by their network."""
    lines = re.findall(r"^\| ((?:GRU|LSTM) .*) \|$", (ROOT / "docs" / "science.md").read_text("utf-8"), re.MULTILINE)
    return {" ".join(row[:4]): row for row in (line.split(" | ") for line in lines)}


TABLE = table()
VALID = [name for name, row in TABLE.items() if row[5] == "yes"]


def network(name: str) -> tuple[str, float, float, float]:
    """kind, sigma_w, sigma_x and forget_bias."""
    kind, *numbers = name.split()
    sigma_w, sigma_x, bias = map(float, numbers)
    return kind.lower(), sigma_w, sigma_x, bias


def measured(kind: str, sigma_w: float, sigma_x: float, bias: float, seed: int) -> float:
    """Mean change per lag of ln of the norm of (dL/dh_t, dL/dc_t), by autograd, over the middle of T steps."""
    draw = torch.Generator().manual_seed(seed)
    cell = (nn.LSTMCell if kind == "lstm" else nn.GRUCell)(E, N).double()
    with torch.no_grad():
        cell.weight_hh.copy_(sigma_w * torch.randn(cell.weight_hh.shape, generator=draw) / math.sqrt(N))
        cell.weight_ih.copy_(sigma_x * torch.randn(cell.weight_ih.shape, generator=draw) / math.sqrt(E))
        cell.bias_ih.zero_()
        cell.bias_hh.zero_()
        cell.bias_ih[N : 2 * N] = bias
    states = [torch.zeros(B, N, dtype=torch.float64, requires_grad=True) for _ in range(2 if kind == "lstm" else 1)]
    kept: list[list[Tensor]] = []
    for _ in range(T):
        x = torch.randn(B, E, generator=draw).double()
        states = list(cell(x, tuple(states))) if kind == "lstm" else [cell(x, states[0])]
        kept.append(states)
    flat = [state for each in kept[:-1] for state in each]
    gradients = torch.autograd.grad((states[0] * torch.randn(B, N, generator=draw)).sum(), flat)
    square = torch.stack([each.square().sum(1) for each in gradients]).unflatten(0, (T - 1, -1)).sum(1)
    ln = 0.5 * square.log()
    return float((ln[T // 3 : -3] - ln[T // 3 + 1 : -2]).mean())


@pytest.mark.parametrize("name", VALID)
def test_the_slope_is_that_of_autograd_through_torchs_cells(name: str) -> None:
    """Within 3 %, about what networks of one configuration differ by; the untied theory is not."""
    found, known = tied_mean_field(*network(name)), TABLE[name][8]
    truth = float(np.mean([measured(*network(name), seed) for seed in range(3)]))
    assert truth == pytest.approx(float(known.split()[0]), abs=1e-4)
    assert found.slope == pytest.approx(truth, rel=0.03, abs=0.004)
    assert abs(found.untied - truth) > 0.15 * abs(truth)


@pytest.mark.parametrize("name", TABLE)
def test_the_page_has_these_numbers(name: str) -> None:
    found, row = tied_mean_field(*network(name)), TABLE[name]
    assert found.persistence == pytest.approx(float(row[4]), rel=0.1)
    assert found.valid is (row[5] == "yes")
    assert [found.slope, found.untied] == pytest.approx([float(row[6]), float(row[7])], abs=1e-4)


@pytest.mark.parametrize(("sigma_w", "sigma_x", "bias"), [(1.0, 1.0, 3.0), (3.0, 0.5, 1.0)])
def test_where_gates_persist_the_slope_is_flagged(sigma_w: float, sigma_x: float, bias: float) -> None:
    """The slopes are wrong there: +.02 for -.007, and +.16 for +.06."""
    found = tied_mean_field("lstm", sigma_w, sigma_x, bias)
    assert not found.valid
    assert found.persistence > 4
    assert found.slope > measured("lstm", sigma_w, sigma_x, bias, 0) + 0.01


@pytest.mark.parametrize(("kind", "sigma_w", "bias"), [("lstm", 1.5, 0.0), ("lstm", 0.5, 1.0), ("gru", 1.5, 0.0)])
def test_without_input_it_is_the_jacobian_at_the_zero_fixed_point(kind: str, sigma_w: float, bias: float) -> None:
    """f + i o sigma_w, or z + (1 - z) r sigma_w; fresh weights give the root of the sum of squares."""
    keep = 1 / (1 + math.exp(-bias))
    hop = sigma_w * (0.25 if kind == "lstm" else 0.5 * (1 - keep))
    found = tied_mean_field(kind, sigma_w, 0.0, bias)
    assert found.slope == pytest.approx(math.log(keep + hop), abs=1e-6)
    assert found.untied == pytest.approx(0.5 * math.log(keep**2 + hop**2), abs=1e-6)
    assert found.valid
    assert found.persistence == 1


def of_one_state(s: list[float], a: list[float], other: float) -> tuple[float, float]:
    """Slopes for s and a independent and equally likely among these values, and another matrix with weights +-other."""
    grid = np.array([(x, y, z) for x in s for y in a for z in (other, -other)]).T.reshape(3, -1, 1, 1)
    of = moments(grid[0], grid[1], [grid[2]])
    return tied_slope(of), untied_slope(of)


@pytest.mark.parametrize(
    ("s", "a", "other"),
    [([0.3, 0.9], [0.2, 0.5], 0.4), ([0.5], [0.3], 0.0), ([0.0], [0.2, 0.6], 0.3), ([0.1, 0.2], [0.9], 0.0)],
    ids=["all", "constant", "no stay", "small v"],
)
def test_one_state_has_a_closed_form(s: list[float], a: list[float], other: float) -> None:
    mean_s, mean_a = float(np.mean(s)), float(np.mean(a))
    chi = float(np.mean(np.square(s)) + np.mean(np.square(a)) + other**2)
    v = chi - mean_s**2 - mean_a**2
    wanted = mean_s**2 + mean_a**2 + math.sqrt(v**2 + 4 * mean_s**2 * mean_a**2)
    tied, untied = of_one_state(s, a, other)
    assert tied == pytest.approx(0.5 * math.log(wanted), abs=1e-4)
    assert untied == pytest.approx(0.5 * math.log(chi), abs=1e-12)
    if v == 0:
        assert tied == pytest.approx(math.log(mean_s + mean_a), abs=1e-12)
    if mean_s == 0:
        assert tied == pytest.approx(untied, abs=1e-12)


def test_two_states_without_fluctuation_have_the_radius_of_their_mean_matrix() -> None:
    stay, hop = np.array([[[0.0, 0.0], [0.3, 0.6]]]), np.array([[[0.4, 0.2], [0.0, 0.0]]])
    radius = np.abs(np.linalg.eigvals(stay[0] + hop[0])).max()
    assert tied_slope(moments(stay, hop)) == pytest.approx(math.log(radius), abs=1e-12)


def test_the_slope_is_the_same_at_each_call() -> None:
    first = tied_mean_field("gru", 0.7, 0.9, 0.5)
    tied_mean_field.cache_clear()
    assert tied_mean_field("gru", 0.7, 0.9, 0.5) == first


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rnn", 1.0, 1.0), "unknown kind 'rnn'; allowed: lstm, gru"),
        (("lstm", 0.0, 1.0), "sigma_w=0.0, sigma_x=1.0: allowed are sigma_w > 0"),
        (("gru", 1.0, math.nan), "sigma_x=nan: allowed are"),
        (("gru", 1.0, 1.0, 6.0), "forget_bias=6.0: allowed are -5 to 5"),
    ],
    ids=["kind", "sigma_w", "sigma_x", "bias"],
)
def test_what_it_does_not_hold_for_is_refused(arguments: tuple[str, float, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tied_mean_field(*arguments)
