"""The lecture's numbers against closed forms and published values, and that every demo makes its page."""

import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from browser import CHROMIUM, chromium, draw_all, opened
from commands import unrolled
from unrolled.errors import UserError
from unrolled.lecture import DEMOS, listed, make
from unrolled.lecture.bifurcation import gradient, orbit, saddle_nodes
from unrolled.lecture.error_wall import CUTS, along_b, descent, loss_and_gradient, peak
from unrolled.lecture.hump import gradients, norms
from unrolled.lecture.length import LENGTHS, curve, network
from unrolled.lecture.shuffling import Cost, paired
from unrolled.lecture.tent_map import exponents, orbits


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        yield None
        return
    with chromium() as found:
        yield found


EQUATIONS = {
    "error_wall": "(s(x<sub>50</sub>) - 0.7)<sup>2</sup>",
    "bifurcation": "x<sub>t</sub> = w s(x<sub>t-1</sub>) + b",
    "hump": "h<sub>t</sub> = W<sub>h</sub> h<sub>t-1</sub>",
}


@pytest.mark.long
@pytest.mark.parametrize("name", DEMOS)
def test_every_demo_makes_its_page_and_has_a_line(name: str, browser: Any, tmp_path: Path) -> None:
    (file,) = make(name, tmp_path)
    if browser is not None:
        with opened(browser, file) as shown:
            assert draw_all(shown) >= 2
    page = file.read_text(encoding="utf-8")
    assert page.count('class="figure"') >= 2
    assert "<h2>1. " in page and f"unrolled demo {name}" in page
    assert any(line.startswith(f"{name} ") for line in listed().splitlines())
    assert EQUATIONS.get(name, "") in page and "-inf." not in page and "&lt;sub" not in page


def test_an_unknown_demo_is_one_line_on_stderr() -> None:
    with pytest.raises(UserError, match="demo humps: no such demo; allowed: error_wall, bifurcation, tent_map, hump"):
        make("humps", Path())
    finished = unrolled("demo", "humps")
    assert (finished.returncode, finished.stderr.count("\n")) == (2, 1)


def test_the_saddle_nodes_are_where_they_were_published() -> None:
    (low, x_low), (high, x_high) = saddle_nodes(5.0)
    assert (low, high) == pytest.approx((-2.6556, -2.3444), abs=1e-4)
    for b, x in ((low, x_low), (high, x_high)):
        s = 1 / (1 + math.exp(-x))
        assert 5 * s + b == pytest.approx(x, abs=1e-12)  # a fixed point
        assert 5 * s * (1 - s) == pytest.approx(1, abs=1e-12)  # that neither attracts nor repels
    with pytest.raises(ValueError, match="only where w is above 4"):
        saddle_nodes(4.0)


def test_the_gradient_of_one_unit_is_that_of_a_difference() -> None:
    b, steps, near = -2.5, 12, 1e-6

    def end(x: float) -> float:
        for _ in range(steps):
            x = 5 / (1 + math.exp(-x)) + b
        return x

    assert orbit(5.0, b, steps)[-1] == end(0.5)
    slope = (end(0.5 + near) - end(0.5 - near)) / (2 * near)
    assert gradient(5.0, np.array([b]), steps)[0] == pytest.approx(math.log10(slope), abs=1e-6)


def test_the_gradient_at_the_wall_is_that_of_a_difference() -> None:
    w, b, near = torch.tensor(4.6, dtype=torch.float64), torch.tensor(-2.4, dtype=torch.float64), 1e-6
    _, dw, db = loss_and_gradient(w, b)
    for found, (i, j) in ((dw, (near, 0)), (db, (0, near))):
        difference = (loss_and_gradient(w + i, b + j)[0] - loss_and_gradient(w - i, b - j)[0]) / (2 * near)
        assert float(found) == pytest.approx(float(difference), rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("w", CUTS)
def test_the_peak_is_steeper_than_the_place_where_the_start_is_a_fixed_point(w: float) -> None:
    _, (at,) = along_b(w, [0.0])
    assert peak(w) > 2 * at


@pytest.mark.parametrize(
    ("seed", "costs", "words"),
    [
        (0, 0.2, "this network uses the order of the words"),
        (1, -0.2, "this network does better without the order of the words"),
        (2, 0.0, "it is not certain that this network uses the order of the words"),
    ],
)
def test_what_shuffling_costs_has_the_interval_of_single_sentences(seed: int, costs: float, words: str) -> None:
    draw = np.random.default_rng(seed)
    ordered, others = draw.random(400) < 0.5 + costs / 2, draw.random((20, 400)) < 0.5 - costs / 2
    differences = ordered - others.mean(0)
    found = paired(torch.from_numpy(ordered), torch.from_numpy(others))
    assert found.mean == pytest.approx(ordered.mean() - others.mean())
    assert found.half == pytest.approx(1.96 * differences.std(ddof=1) / 20)  # the root of 400
    assert found.n == 400 and found.in_words().endswith(f": {words}.")
    assert "costs 2.2 points of accuracy (95 % interval 0.3 to 4.1; 9 sentences" in Cost(0.022, 0.019, 9).in_words()


def test_without_clipping_a_step_flies_far_and_with_it_none_is_longer_than_the_threshold() -> None:
    threshold = 1.0
    free, clipped = descent(None, 5), descent(threshold, 5)

    def lengths(points: list[tuple[float, float]]) -> list[float]:
        return [math.dist(a, b) for a, b in pairwise(points)]

    assert free.points[0] == clipped.points[0]
    assert max(free.norms) > 10 * threshold
    rate = lengths(free.points)[0] / free.norms[0]  # without momentum a step is rate times gradient
    assert max(lengths(clipped.points)) <= rate * threshold * (1 + 1e-9)
    assert max(lengths(free.points)) > 10 * max(lengths(clipped.points))


@pytest.mark.parametrize("m", [1.3, 1.9])
def test_the_tent_map_has_the_exponent_ln_m(m: float) -> None:
    """Every branch has slope +-m: the mean growth is ln m exactly. SCIENCE: m = 1.9 gives .64185."""
    found = exponents(m)
    assert float(found.exponents[0]) == pytest.approx(math.log(m), abs=1e-3)
    assert float(found.exponents[1]) == -math.inf


def test_the_two_units_compute_the_tent_map() -> None:
    m, z = 1.9, 0.37
    h = orbits(m, [z], 20)[:, 0]
    for t in range(1, 21):
        z = m * z if m * z <= 0.5 else 1 - m * z
        assert float(h[t, 0] - 2 * h[t, 1]) == pytest.approx(z, abs=1e-9)


def test_the_hump_peaks_where_it_is_known_to() -> None:
    found = norms()
    assert int(found.argmax()) == 9
    assert float(found.max()) == pytest.approx(38.75, abs=5e-3)
    assert int((found < 1).nonzero()[0]) == 63
    n = torch.arange(len(found), dtype=torch.float64)
    row = 0.9**n * torch.sqrt(1 + (10 * n / 0.9) ** 2)  # the first row of W^n: (.9^n, n .9^(n-1) 10)
    torch.testing.assert_close(gradients(), row, rtol=1e-12, atol=0)


def test_the_length_demo_is_exact_for_a_linear_stretch_and_honest_in_float32() -> None:
    """Logistic units: at every step at most gain / 4 of the gradient is left."""
    found = curve(network("sigmoid", "orthogonal", 0.9))
    bound = [(T - 1) * math.log10(0.9 / 4) for T in LENGTHS]
    assert all(value <= most + 1e-9 for value, most in zip(found.exact, bound, strict=True))
    lost = [T for T, value in zip(LENGTHS, found.float32, strict=True) if value == -math.inf]
    assert lost and all(math.isfinite(value) for value in found.exact)
    kept = [(a, b) for a, b in zip(found.exact, found.float32, strict=True) if a > -15]
    assert kept and all(a == pytest.approx(b, abs=1e-3) for a, b in kept)
