"""Networks drawn before training: which runs share a draw, and how many networks a mean is taken over."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from test_page import make_sweep

from unrolled.config.fingerprint import births_fingerprint
from unrolled.config.schema import plain
from unrolled.record.results import SweptRun, read_sweep
from unrolled.record.run_record import Births, RunRecord
from unrolled.record.words import births_words, gradient_lines
from unrolled.report.gather import pool
from unrolled.report.profile_figures import initialisations_drawn
from unrolled.report.sentences import sentences
from unrolled.run.preflight import compose


def words(initialisations: dict[str, Any]) -> str:
    found = Births.from_dict(initialisations)
    assert found is not None
    return births_words(found)


def drawn(slopes: list[float], alive: list[bool] | None = None, **regimes: int) -> dict[str, Any]:
    mean = sum(slopes) / len(slopes) if slopes else None
    kept = {"n": sum(regimes.values()), "slopes": slopes, "slope_mean": mean, "slope_sd": None, "regimes": regimes}
    return kept | ({} if alive is None else {"alive": alive})


@pytest.mark.parametrize("fingerprints", [True, False])
def test_different_configurations_whose_networks_are_all_dead_are_different_draws(
    fingerprints: bool, tmp_path: Path
) -> None:
    dead = [drawn([], dead=20)] * 3 + [drawn([0.1] * 4, exploding=4, dead=16)]
    named = [{"births_fingerprint": f"made-{i}"} if fingerprints else {} for i in range(len(dead))]
    records = [{"state": "completed", "births": births} | name for births, name in zip(dead, named, strict=True)]
    swept = read_sweep(make_sweep(tmp_path / "s", {"activation": "relu", "model.hidden": "4,8,16,32"}, records))
    found = pool(swept.runs, {})
    assert (found.initialisations, found.initial_regimes) == (80, {"dead": 76, "exploding": 4})


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)), unique=True, min_size=1))
def test_a_draw_is_counted_once_whatever_it_does_not_depend_on(runs: list[tuple[int, int, int]]) -> None:
    """Records of earlier versions have no fingerprint: the axes decide, a draw for each pair of width and seed."""
    records = [
        SweptRun(
            Path(str(i)),
            {"model.hidden": width, "seed": seed, "optimizer.lr": rate},
            RunRecord.from_dict({"state": "completed", "births": drawn([], dead=5)}),
        )
        for i, (width, seed, rate) in enumerate(runs)
    ]
    assert pool(records, {}).initialisations == 5 * len({(width, seed) for width, seed, _ in runs})


CHANGES = {
    "optimizer.lr=0.5": True, "trainer.max_epochs=3": True, "probe.every=7": True, "tracker=none": True,
    "seed=1": False, "init.gain=2": False, "model.hidden=5": False, "activation=relu": False, "task=latch": False,
    "probe.births=4": False, "probe.samples=20": False, "loss=label_smoothing": False,
}  # fmt: skip


@pytest.mark.parametrize(("word", "same"), CHANGES.items())
def test_the_fingerprint_of_initialisations_is_that_of_what_they_depend_on(word: str, same: bool) -> None:
    assert (births_fingerprint(plain(compose([word]))) == births_fingerprint(plain(compose([])))) == same


def test_a_mean_stands_on_the_networks_that_have_a_gradient_left() -> None:
    initialisations = drawn([0.13] * 13, [True] * 13 + [False] * 7, vanishing=13, dead=7) | {"slope_sd": 0.05}
    assert words(initialisations) == (
        "slope +0.130 nats per lag (sd 0.050, 13 of 20 networks; 7 have no gradient left): 13 vanishing, 7 dead"
    )
    assert words(drawn([], [False], dead=1)) == "no slope (0 of 1 networks; 1 has no gradient left): 1 dead"


def test_a_record_of_an_earlier_version_says_that_dead_networks_are_among_them() -> None:
    assert "(sd -, 19 of 20 networks; dead ones among them)" in words(drawn([0.1] * 19, stable=13, dead=7))
    assert "among" not in words(drawn([0.1] * 13, stable=13, dead=7))


def test_a_curve_at_initialisation_is_that_of_a_network_with_a_gradient(tmp_path: Path) -> None:
    initialisations = drawn([-1.0], [False, True], dead=1, vanishing=1)
    folder = make_sweep(tmp_path / "s", {"activation": "relu"}, [{"state": "completed", "births": initialisations}])
    (folder / "0" / "profiles").mkdir()
    (folder / "0" / "profiles" / "births_relative_log.csv").write_text("birth,t0,t1\n0,5,0\n1,-1,0\n")
    swept = read_sweep(folder)
    assert pool(swept.runs, {}).initial_curves == [[0.0, -1.0]]
    assert initialisations_drawn(swept) == ["Drawn are 1 of 2 networks. The others have no gradient left: relu 1 of 2."]


def test_no_clause_is_empty(tmp_path: Path) -> None:
    records = [{"state": "completed", "births": drawn([], dead=20)}]
    (line,) = sentences(read_sweep(make_sweep(tmp_path / "s", {"activation": "relu"}, records)))
    assert line == "relu is dead at initialisation: 20 of 20 networks."


def test_an_undecided_run_says_what_is_known_before_training() -> None:
    slopes = [-0.6, -0.5, -0.5, -0.4]
    entries = {
        "state": "completed",
        "regime": "undecided",
        "regime_reason": "short",
        "births": drawn(slopes, undecided=4),
    }
    mean, sd = np.mean(slopes), np.std(slopes, ddof=1)
    low, high = stats.t.interval(0.95, 3, mean, sd / 2)
    (line,) = [line for line in gradient_lines(RunRecord.from_dict(entries)) if line.startswith("known")]
    found = re.search(r"slope is (\S+) \+- (\S+) nats per lag, the mean of 4 networks", line)
    assert found and [float(each) for each in found.groups()] == pytest.approx([mean, (high - low) / 2], abs=5e-3)
    two = RunRecord.from_dict(entries | {"births": drawn(slopes[:2], undecided=2)})
    certain = RunRecord.from_dict(entries | {"regime": "vanishing"})
    assert not any(line.startswith("known") for each in (two, certain) for line in gradient_lines(each))
