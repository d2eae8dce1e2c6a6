"""Figures of the answers of a sweep's page."""

import pytest

from unrolled.report.intervals import Estimate
from unrolled.report.verdict.baselines import Beside
from unrolled.report.verdict.comparison import AtValue
from unrolled.report.verdict.figures import beside_baselines


@pytest.mark.parametrize(("scores", "matched"), [(("a", "a"), "y"), (("a", "b"), None)])
def test_panels_of_one_score_have_one_scale(scores: tuple[str, str], matched: str | None) -> None:
    at = AtValue("tanh", [], Estimate((0.1, 0.2)), 1)
    found = [Beside("tanh", at, score, 0.5, "any class", None, 0, None) for score in scores]
    figure = beside_baselines(found)
    assert figure is not None
    assert figure.to_plotly_json()["layout"]["yaxis2"].get("matches") == matched
