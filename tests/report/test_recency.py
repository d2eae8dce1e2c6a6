"""The rank correlation behind "the last words count more because the gradient vanishes", and what is said of it."""

import math
from pathlib import Path

import numpy as np
import pytest

from unrolled.record.results import Swept, SweptRun
from unrolled.record.run_record import RunRecord
from unrolled.report.recency import against_slope, preference, rank, verdict


def record(slope: float, first: float, last: float, larger: bool = True) -> RunRecord:
    references = {"this network, the first 5 words unknown": first, "this network, the last 5 words unknown": last}
    return RunRecord.from_dict(
        {
            "state": "completed", "score": "val/x", "larger_is_better": larger, "slope": slope,
            "references": {name: {"val/x": score} for name, score in references.items()},
        }
    )  # fmt: skip


def swept(preferred: list[float], slopes: list[float]) -> Swept:
    runs = [
        SweptRun(Path(str(i)), {"seed": i}, record(slope, 0.5 + each, 0.5))
        for i, (slope, each) in enumerate(zip(slopes, preferred, strict=True))
    ]
    return Swept(Path(), "s", "", {"seed": list(range(len(runs)))}, runs)


def test_hiding_what_counts_more_costs_more_whatever_the_score_is() -> None:
    assert preference(record(-1, 0.6, 0.4)) == pytest.approx(0.2)
    assert preference(record(-1, 1.0, 1.3, larger=False)) == pytest.approx(0.3)
    assert preference(RunRecord.from_dict({"score": "val/x"})) is None


def test_the_rank_correlation_is_that_of_the_ranks() -> None:
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(2, 31))
    expected = np.corrcoef(x.argsort().argsort(), y.argsort().argsort())[0, 1]
    found = rank(x.tolist(), y.tolist())
    assert found is not None and found.value == pytest.approx(expected)
    half = 1.959964 * math.sqrt((1 + expected**2 / 2) / 28)
    assert (found.low, found.high) == pytest.approx([math.tanh(math.atanh(expected) + s * half) for s in (-1, 1)])
    assert rank(x.tolist()[:9], y.tolist()[:9]) is None and rank([0.0] * 31, y.tolist()) is None


@pytest.mark.parametrize(
    ("sign", "words"), [(-1, "goes with more weight on the last"), (1, "goes with less"), (0, "is not shown here")]
)
def test_the_sentence_follows_from_the_interval(sign: int, words: str) -> None:
    slopes = [i / 20 for i in range(20)]
    preferred = [sign * slope / 10 if sign else (-1) ** i * 0.1 for i, slope in enumerate(slopes)]
    made = swept(preferred, slopes)
    (line,) = verdict(made)
    assert words in line and "20 runs" in line and against_slope(made) is not None


def test_few_runs_have_neither_figure_nor_sentence() -> None:
    made = swept([0.1] * 9, [0.1 * i for i in range(9)])
    assert (against_slope(made), verdict(made)) == (None, [])
