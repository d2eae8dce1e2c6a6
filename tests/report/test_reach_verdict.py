"""`sweep.answer: reach`: who learns on each side of what the data need, as sentences, a column and a figure."""

from pathlib import Path
from typing import Any

import pytest
from scipy.stats import fisher_exact
from test_page import make_sweep

from unrolled.record.reach import has_learnt
from unrolled.record.results import Swept, read_sweep
from unrolled.record.run_record import RunRecord
from unrolled.report.table import header, rows
from unrolled.report.verdict.reach import found, reach
from unrolled.report.verdict.reach_figure import BEYOND, reach_figure
from unrolled.report.verdict.statement import text


def record(delay: float | None, horizon: int | None, mse: float | None, **more: Any) -> dict[str, Any]:
    moment = {"longest_lag": 99} if horizon is None else {"horizon": horizon, "horizon_direction": "down"}
    needs = {} if delay is None else {"delay": {"lag": delay, "what": "what decides the answer"}}
    metrics = {} if mse is None else {"val/mse": mse}
    return {
        "state": "completed",
        "score": "val/mse",
        "larger_is_better": False,
        "metrics": metrics,
        "baseline": {"val/mse": 1.0},
        "needs": needs,
        "start": moment,
        **moment,
        **more,
    }


def swept(tmp_path: Path, records: list[dict[str, Any]]) -> Swept:
    seeds = ",".join(str(seed) for seed in range(len(records)))
    return read_sweep(make_sweep(tmp_path / "s", {"seed": seeds}, records))


def test_both_sides_are_counted_with_a_test_of_the_difference(tmp_path: Path) -> None:
    records = [record(10, 20, 0.2)] * 5 + [record(10, None, 0.3)] + [record(50, 20, 0.99)] * 5 + [record(50, 20, 0.1)]
    first, ten, fifty, after = map(text, reach(swept(tmp_path, records)))
    assert first.startswith(
        "Runs that learn: 6 of 6 whose gradient at step 0 reaches the delay (0.61 to 1.00), 1 of 6 "
    )
    assert fisher_exact([[6, 0], [1, 5]]).pvalue < 0.05 and "the difference is certain" in first  # type: ignore[union-attr]
    assert ten == "Delay 10: 6 of 6 runs learn whose gradient reaches it."
    assert fifty == "Delay 50: 1 of 6 runs learn whose gradient does not."
    assert "after training reaches the delay" in after


def test_a_difference_that_chance_explains_is_not_certain(tmp_path: Path) -> None:
    first = text(reach(swept(tmp_path, [record(10, 20, 0.2), record(50, 20, 0.99)]))[0])
    assert "the difference is not certain" in first


@pytest.mark.parametrize(
    ("entries", "learnt"),
    [
        ({"metrics": {"val/mse": 0.94}}, True),
        ({"metrics": {"val/mse": 0.96}}, False),
        ({"metrics": {"val/mse": 1.5}}, False),
        ({"metrics": {"val/mse": None}, "state": "diverged"}, False),
        ({"metrics": {}}, None),
        ({"score": "val/skill", "larger_is_better": True, "metrics": {"val/skill": 0.06}, "baseline": {"val/skill": 0}},
         True),
        ({"score": "val/accuracy", "larger_is_better": True, "metrics": {"val/accuracy": 0.52},
          "baseline": {"val/accuracy": 0.5}}, False),
        ({"score": "val/accuracy", "larger_is_better": True, "metrics": {"val/accuracy": 1.0},
          "baseline": {"val/accuracy": 1.0}}, False),
        ({"score": "val/blue", "larger_is_better": True, "metrics": {"val/blue": 3.1}, "baseline": {"val/blue": 3.0}},
         True),
    ],
)  # fmt: skip
def test_what_counts_as_learnt(entries: dict[str, Any], learnt: bool | None) -> None:
    assert has_learnt(RunRecord.from_dict(record(10, 20, 0.5) | entries)) is learnt


def test_runs_without_a_need_a_horizon_or_a_score_do_not_count(tmp_path: Path) -> None:
    unknown = record(200, None, 0.5)  # gradients were followed to lag 99
    known = swept(tmp_path, [record(None, 20, 0.5), unknown, record(10, 20, None), {"state": "failed"}])
    assert found(known) == [] and reach(known) == [] and reach_figure(known) is None


def test_a_gradient_that_grows_reaches_every_need(tmp_path: Path) -> None:
    grows = record(50, 5, 0.2, start={"horizon": 5, "horizon_direction": "up", "longest_lag": 99})
    (only,) = found(swept(tmp_path, [grows]))
    assert only.within and only.learnt


def test_the_figure_has_a_mark_for_each_run(tmp_path: Path) -> None:
    figure = reach_figure(swept(tmp_path, [record(10, 20, 0.2), record(50, None, 0.99), record(50, 20, 0.99)]))
    assert figure is not None
    drawn: Any = figure.data
    learnt, other, line = drawn
    assert (list(learnt.x), list(learnt.y)) == ([10], [20])
    assert (list(other.x), list(other.y)) == ([50, 50], [99 * BEYOND, 20])
    assert list(other.marker.symbol) == ["triangle-up", "x"]
    assert list(line.x) == list(line.y)


def test_the_table_has_a_column_where_a_need_is_known(tmp_path: Path) -> None:
    known = swept(tmp_path, [record(10, 20, 0.2), record(50, 20, 0.9), record(200, None, 0.9), record(None, 5, 0.9)])
    at = header(known).index("reach")
    assert [row[at].text for row in rows(known)] == ["within 10", "beyond 50", "unknown 200", "-"]
    (tmp_path / "other").mkdir()
    assert "reach" not in header(swept(tmp_path / "other", [record(None, 5, 0.9)]))
