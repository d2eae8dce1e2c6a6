"""The unrolled chain: the thickness of the gradient's line against the norms in the files."""

import csv
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from browser import CHROMIUM, chromium, opened
from unrolled.record import status
from unrolled.record.run_record import RunRecord
from unrolled.record.samples import Samples, write_samples
from unrolled.report.chain import THICKEST, THINNEST, Scale, chain, factor_text, grouped, groups, mean_over_samples
from unrolled.report.chain_data import chain_data
from unrolled.report.run_page import build_run

LINE = re.compile(r'class="back" d="M88 74H0" stroke-width="([\d.]+)"')
TICK = re.compile(r'class="back" d="M\d+ 16h40" stroke-width="([\d.]+)".*\n<text class="when".*>10<tspan.*>(-?\d+)<')


def made(folder: Path, log10: list[float], **record: object) -> Path:
    """A run of one probe with this profile; nan is an empty field."""
    (folder / "profiles").mkdir(parents=True)
    status.write(folder, {"state": "completed", "name": "a run", "steps": 1, **record})
    for name in ("grad_h_relative_log", "grad_h_log"):
        with (folder / "profiles" / f"{name}.csv").open("w", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["step", *(f"t{t}" for t in range(len(log10)))])
            table.writerow([0, *("" if math.isnan(v) else v * math.log(10) for v in log10)])
    return folder


def test_the_page_draws_what_the_file_says(tmp_path: Path) -> None:
    log10 = [-6.0, -4.5, -4.5, -3.0, 0.0]
    page = build_run(made(tmp_path, log10)).read_text(encoding="utf-8")
    drawn = [float(px) for px in LINE.findall(page)]
    assert drawn == pytest.approx([THINNEST + (THICKEST - THINNEST) * (v + 6) / 6 for v in log10], abs=0.01)
    assert drawn[1] == drawn[2]
    assert [*np.argsort(drawn, kind="stable")] == [*np.argsort(log10, kind="stable")]
    ticks = [(float(px), int(power)) for px, power in TICK.findall(page)]
    assert [power for _, power in ticks] == [0, -2, -4, -6]
    assert [px for px, _ in ticks] == pytest.approx([Scale(-6, 0).thickness(power) for _, power in ticks], abs=0.01)
    assert "completed after 1 update<" in page


def test_exact_zeros_have_a_sign_and_no_line() -> None:
    boxes = chain([-math.inf, math.nan, -400.0, 0.0], list("abcd"), [], Scale.of(np.array([-math.inf, -400.0, 0.0])))
    assert [box.zero for box in boxes] == [True, False, False, False]
    assert [box.px for box in boxes] == [None, None, THINNEST, THICKEST]
    assert [box.factor for box in boxes] == ["", "", "", "10^-400.0"]
    assert boxes[0].about.endswith("exactly 0") and boxes[1].about.endswith("no gradient")


@pytest.mark.parametrize(("values", "low", "high"), [([-2.5, 0.2], -3, 1), ([0.0], -1, 0), ([], -1, 0)])
def test_a_scale_holds_all_values_in_whole_decades(values: list[float], low: int, high: int) -> None:
    assert Scale.of(np.array(values)) == Scale(low, high)


def test_sixty_steps_are_boxes_and_more_are_grouped() -> None:
    assert [each.name for each in groups({"rnn": 60})] == [str(t) for t in range(1, 61)]
    boxes = groups({"rnn": 150})
    assert len(boxes) == 50 and [boxes[0].name, boxes[-1].name] == ["1-3", "148-150"]
    assert grouped(np.arange(150.0), boxes).tolist() == [3 * i + 1 for i in range(50)]
    both = groups({"encoder": 3, "decoder": 2})
    assert [each.name for each in both] == ["encoder 1", "encoder 2", "encoder 3", "decoder 1", "decoder 2"]
    assert groups({"rnn": 70}, unused=10)[0].name == "11"
    assert len(groups({"rnn": 70}, unused=10)) == 60


@pytest.mark.parametrize(
    ("log10", "shown"), [(math.log10(0.458), "0.46"), (math.log10(250), "250"), (4, "10^4.0"), (-3, "10^-3.0")]
)
def test_a_factor_has_the_digits_that_count(log10: float, shown: str) -> None:
    assert factor_text(log10) == shown


def test_samples_have_their_words_and_the_mean_is_theirs(tmp_path: Path) -> None:
    folder = made(tmp_path, [-1.0, 0.0])
    log10 = np.array([[[-3.0, 0.0], [-1.0, 1.0]], [[-math.inf, 0.0], [math.nan, 2.0]]])
    words = [["not", "good"], ["", "bad"]]
    write_samples(folder, Samples([0, 1], [0, 50], (log10 * math.log(10)).astype(np.float32), words))
    found = chain_data(folder, RunRecord.read(folder))
    assert found is not None
    (view,) = found.views
    np.testing.assert_allclose(view.mean, [[-2.0, 0.5], [-math.inf, 1.0]], atol=1e-6)
    assert view.steps == [0, 50] and found.labels == words and found.shared_labels == []
    assert found.as_json()["views"][0]["samples"][1] == [["0", 0.0], [None, 2.0]]


def test_a_mean_has_the_step_of_its_samples_whatever_their_lengths() -> None:
    long, short = np.arange(-5.0, 0), np.array([math.nan, math.nan, -9.0, -8.0, -7.0])
    assert mean_over_samples(np.stack([long, short])).tolist() == [-8.0, -7.0, -6.0, -5.0, -4.0]
    assert mean_over_samples(np.stack([long[::-1], short[::-1]])).tolist() == [-4.0, -5.0, -6.0, -7.0, -8.0]
    many = np.stack([long, *[short] * 20])
    assert np.isnan(mean_over_samples(many)).tolist() == [True, True, False, False, False]
    zero = np.array([-math.inf, -math.inf, -1.0])
    assert mean_over_samples(np.stack([zero, zero])).tolist() == zero.tolist()


def test_each_steps_own_loss_can_be_chosen_where_the_loss_reads_every_state(tmp_path: Path) -> None:
    page = build_run(made(tmp_path / "all", [-2.0, 0.0], every_state=True)).read_text(encoding="utf-8")
    assert "of each step's own loss" in page.replace("&#39;", "'") and 'name="chain-view"' in page
    assert 'name="chain-view"' not in build_run(made(tmp_path / "last", [-2.0, 0.0])).read_text(encoding="utf-8")


def test_a_run_without_a_probe_has_no_chain(tmp_path: Path) -> None:
    status.write(tmp_path, {"state": "failed", "name": "a run", "error": "no room"})
    assert chain_data(tmp_path, RunRecord.read(tmp_path)) is None
    assert 'id="chain"' not in build_run(tmp_path).read_text(encoding="utf-8")


def portrait(folder: Path, name: str, ln_cone: list[list[object]], sources: list[int], own_loss: bool = True) -> None:
    (folder / "portraits").mkdir(exist_ok=True)
    figures = {"lags": [0, 1], "ln_singular": [[0.0], [-1.0]], "eigenvalues": [[0.5, 0.0]]}
    figures |= {"exponents": None, "half": None, "no_exponents": "too short"}
    kept = {"portrait": {"own_loss": own_loss, "ln_cone": ln_cone, "sources": sources, **figures}}
    (folder / "portraits" / f"{name}.json").write_text(json.dumps(kept), encoding="utf-8")


def test_a_cone_is_drawn_as_its_portrait_has_it(tmp_path: Path) -> None:
    folder = made(tmp_path, [math.nan, -2.0, -1.0, 0.0], every_state=True, steps=9)  # the longest samples have 3 steps
    ln_10 = math.log(10)
    rows: list[list[object]] = [[-ln_10, None, None], [-4 * ln_10, "-inf", 0.0]]
    for name in ("start", "end"):
        portrait(folder, name, rows, [0, 2])
    found = chain_data(folder, RunRecord.read(folder))
    assert found is not None
    view = found.views[1]
    assert view.steps == [0, 9] and view.scale == Scale(-4, 0)
    assert view.sources == [(0, "2"), (2, "4")]  # time step 1 has no box: no sample reaches it
    np.testing.assert_allclose(view.samples[1], [[-1, math.nan, math.nan], [-4, -math.inf, 0]])


def test_a_cone_of_a_decoder_starts_where_the_decoder_does(tmp_path: Path) -> None:
    folder = made(tmp_path, [-1.0] * 5, steps=1, seam=3, halves={"encoder": {}, "decoder": {}})
    portrait(folder, "end_encoder", [[0.0] * 3] * 3, [0, 1, 2], own_loss=False)
    portrait(folder, "end_decoder", [[0.0, None], [-math.log(10), 0.0]], [0, 1])
    found = chain_data(folder, RunRecord.read(folder))
    assert found is not None
    view = found.views[1]
    assert view.sources == [(3, "decoder 1"), (4, "decoder 2")] and view.remark == "Recorded of the decoder alone."
    np.testing.assert_allclose(view.samples[0][1], [math.nan] * 3 + [-1, 0])


def test_a_cone_of_random_directions_is_no_loss(tmp_path: Path) -> None:
    folder = made(tmp_path, [-1.0, 0.0])
    portrait(folder, "end", [[0.0, None], [0.0, 0.0]], [0, 1], own_loss=False)
    found = chain_data(folder, RunRecord.read(folder))
    assert found is not None and len(found.views) == 1


@pytest.mark.long
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_the_page_draws_the_loss_of_the_chosen_time_step_as_thick_as_its_portrait_says(tmp_path: Path) -> None:
    folder = made(tmp_path, [-8.0, -4.0, 0.0], every_state=True, steps=9)
    ln_cone: list[list[object]] = [[-1.0, None, None], [-9.0, -2.0, None], ["-inf", -5.0, -3.0]]
    portrait(folder, "end", ln_cone, [0, 1, 2])
    low, high = math.floor(-9 / math.log(10)), 0
    with chromium() as browser, opened(browser, build_run(folder), width=390) as page:
        page.get_by_label("of each step's own loss").check()
        for row, (s, expected) in enumerate(zip((1, 2, 3), ln_cone, strict=True)):
            page.locator("#chain-sample").fill(str(s))
            drawn = page.evaluate(
                "[...document.querySelectorAll('.chain .back')].map(e => e.getAttribute('stroke-width'))"
            )
            widths = [
                THINNEST + (THICKEST - THINNEST) * (v / math.log(10) - low) / (high - low)
                if isinstance(v, float)
                else 0
                for v in expected
            ]
            assert [float(px) for px in drawn] == pytest.approx(widths, abs=0.01)
            marked = page.evaluate(
                "[...document.querySelectorAll('.chain .step')].findIndex(e => e.matches('.source'))"
            )
            assert marked == row
        assert "step 9, the loss of time step 3 alone" in page.inner_text("#chain-now")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_label("of the loss").check()
        assert page.locator(".chain .source").count() == 0 and page.locator("#chain-loss").is_visible()
