"""Updates that the configurations of a sweep need: the sentences follow from the numbers."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
from test_answers import record
from test_page import make_sweep

from unrolled.record.results import Swept, read_sweep
from unrolled.report.build import build
from unrolled.report.solving import (
    against_change,
    by_change,
    diverged,
    extremes,
    gradient_changes,
    order,
    ordered,
    solving,
)
from unrolled.report.solving_figures import by_configuration
from unrolled.report.verdict.answers import answers

BUDGET, SEEDS = 4000, 6


def made(folder: Path, at: dict[float, list[int | None]], slopes: list[float | None], **more: Any) -> Swept:
    """at: gain -> when each of its runs was solved. slopes: at step 0, of each gain's runs; the lag is 25."""
    records = [
        record(0.5, when, slope_start=slope, dependency=25.0, steps=BUDGET if when is None else when + 100, **more)
        for (_, runs), slope in zip(at.items(), slopes, strict=True)
        for when in runs
    ]
    axes = {"init.gain": ",".join(map(str, at)), "seed": ",".join(map(str, range(len(next(iter(at.values()))))))}
    return read_sweep(make_sweep(folder, axes, records))


@pytest.fixture
def three(tmp_path: Path) -> Swept:
    """One gain solved by all at once, one by half of the runs, one by none."""
    at: dict[float, list[int | None]] = {1.0: [100] * SEEDS, 0.75: [500, 600, 700, None, None, None], 0.5: [None] * 6}
    return made(tmp_path / "s", at, [0.0, -0.2, -0.8])


def test_each_median_and_share_has_its_n_and_interval(three: Swept) -> None:
    assert solving(three) == [
        "gain=1.0: solved 6 of 6 (95 % interval 61 to 100 %); median 100 updates (n = 6, 95 % interval 100 to 100).",
        "gain=0.75: solved 3 of 6 (95 % interval 19 to 81 %); "
        "median 700 updates (n = 6, 95 % interval 500 to more than 4,000).",
        "gain=0.5: solved 0 of 6 (95 % interval 0 to 39 %); "
        "median more than 4,000 updates (n = 6, 95 % interval above 4,000).",
        "Diverged before it had solved the task: 0 of 18 runs.",
    ]


def test_the_runs_are_grouped_by_what_happens_to_their_gradient(three: Swept) -> None:
    """exp(0) is 1, exp(-5) is 10^-2.2 and exp(-20) is 10^-8.7."""
    found = {each.name: (each.n, each.solved, each.median) for each in by_change(three)}
    assert found == {
        "less than 10^-6": (6, 0, math.inf),
        "10^-3 to 10^-1": (6, 3, 700),
        "10^-1 to 10^1": (6, 6, 100),
    }
    assert against_change(three)[0].startswith("Gradient multiplied by less than 10^-6: solved 0 of 6")


def test_the_order_is_given_with_its_pairs_and_interval(tmp_path: Path) -> None:
    """Every pair of two gains is known and agrees; 3 pairs of solved runs and 9 with one that is not count half."""
    at: dict[float, list[int | None]] = {1.0: [100] * 6, 0.75: [500, 600, 700, None, None, None], 0.5: [None] * 6}
    swept = made(tmp_path / "s", at, [-0.1, -0.2, -0.8])
    known, agree = 6 * 12 + 3 * 6 + 12, 6 * 12 + 3 * 6 + 12 / 2
    found = order(gradient_changes(swept))
    assert found is not None
    assert (found.pairs, found.runs, found.share) == (known, 18, pytest.approx(agree / known))
    (line,) = ordered(swept)
    assert line.startswith("Where the gradient shrinks, a smaller |slope x lag| takes fewer updates: ")
    assert "sooner in 0.94 of 102 pairs of runs" in line and line.endswith("18 runs; 0.5: no order).")
    (found,) = answers(replace(swept, answer="updates by slope"))
    assert line in found.lines


@pytest.mark.parametrize(
    ("at", "says"),
    [
        ({1.0: [3000] * SEEDS, 0.5: [100] * SEEDS}, "a larger |slope x lag| takes fewer updates"),
        ({1.0: [100] * SEEDS, 0.5: [3000] * SEEDS}, "a smaller |slope x lag| takes fewer updates"),
        ({1.0: [100, 300] * 3, 0.5: [300, 100] * 3}, "no order of the runs by |slope x lag| is certain"),
    ],
)
@pytest.mark.parametrize(("sign", "does"), [(-1, "shrinks"), (1, "grows")])
def test_the_words_turn_with_the_numbers(at: Any, says: str, sign: int, does: str, tmp_path: Path) -> None:
    (line,) = ordered(made(tmp_path / "s", at, [sign * 0.1, sign * 0.8]))
    assert line.startswith(f"Where the gradient {does}, {says}")


def test_runs_that_shrink_are_not_set_against_runs_that_grow(tmp_path: Path) -> None:
    at: dict[float, list[int | None]] = {0.5: [100] * SEEDS, 3.0: [3000] * SEEDS}
    assert ordered(made(tmp_path / "s", at, [-0.1, 0.8])) == []


def test_the_fastest_and_the_slowest_are_named(three: Swept) -> None:
    assert extremes(three) == [
        "Fewest updates until solved: gain=1.0, median 100 updates (n = 6, 95 % interval 100 to 100). "
        "Most: gain=0.5, median more than 4,000 updates (n = 6, 95 % interval above 4,000)."
    ]


def test_too_few_runs_have_no_word_on_order_and_no_interval_of_the_median(tmp_path: Path) -> None:
    swept = made(tmp_path / "s", {1.0: [100], 0.5: [None]}, [0.0, -0.8])
    assert ordered(swept) == []
    assert "median 100 updates (n = 1, too few for an interval)" in solving(swept)[0]


def test_a_diverged_run_is_counted_and_ends_its_curve(tmp_path: Path) -> None:
    records = [record(0.5, 100, state="diverged", steps=500)]
    records += [record(None, None, state="diverged", steps=at) for at in (10, 20, 30, 40, 50)]
    swept = read_sweep(make_sweep(tmp_path / "s", {"seed": "0,1,2,3,4,5"}, records))
    assert diverged(swept) == ["Diverged before it had solved the task: 5 of 6 runs."]
    assert "5 of 6 diverged before" in solving(swept)[0]
    build(swept.folder)


def test_runs_without_a_slope_are_left_out_and_counted(tmp_path: Path) -> None:
    swept = made(tmp_path / "s", {1.0: [100] * SEEDS, 0.5: [None] * SEEDS}, [0.0, None])
    assert against_change(swept)[-1] == "Left out: 6 of 12 runs, of which the slope or the lag is not known."


def test_a_sweep_whose_task_cannot_be_solved_says_nothing(tmp_path: Path) -> None:
    swept = read_sweep(
        make_sweep(tmp_path / "s", {"seed": "0,1"}, [record(0.5, solved=None), record(0.6, solved=None)])
    )
    assert [*solving(swept), *against_change(swept), *diverged(swept), *ordered(swept), *extremes(swept)] == []
    assert by_configuration(swept) is None


def test_an_older_record_has_curves_but_no_lag(tmp_path: Path) -> None:
    records = [record(0.9, 100, -0.1), record(0.9, None, -0.1)]
    swept = read_sweep(make_sweep(tmp_path / "s", {"seed": "0,1"}, records))
    assert len(solving(swept)) == 2
    assert against_change(swept) == []


def traces(figure: go.Figure | None) -> list[Any]:
    assert figure is not None
    return list(figure.data)


def test_the_figure_falls_from_1_and_has_bands_from_six_runs_on(three: Swept, tmp_path: Path) -> None:
    drawn = traces(by_configuration(three))
    curves = [trace for trace in drawn if trace.name]
    assert [list(trace.y) for trace in curves] == [
        [1, 0],
        pytest.approx([1, 5 / 6, 4 / 6, 3 / 6, 3 / 6]),
        [1, 1],
    ]
    assert sum(trace.fill == "tonexty" for trace in drawn) == 3
    single = traces(by_configuration(made(tmp_path / "alone", {1.0: [100]}, [0.0])))
    assert not any(trace.fill for trace in single)
