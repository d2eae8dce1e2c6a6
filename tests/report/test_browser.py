"""The page of a real sweep and of a real run in a real browser: every control works, and the figures hold."""

import csv
import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from test_page import births, make_sweep

from browser import CHROMIUM, chromium, data_of, draw_all, opened
from conftest import QUICK, train
from unrolled.record import status
from unrolled.record.results import read_sweep
from unrolled.record.run_record import RunRecord
from unrolled.record.tables import read_table
from unrolled.report.build import build
from unrolled.report.chain_data import chain_data
from unrolled.report.run_page import build_run

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
AXES = ["activation=tanh,identity", "init.gain=0.5,1.5", "model.hidden=8", "seed=0,1"]
LN_10 = math.log(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser") / "sweep"
    words = ["--config-name", "activations", *AXES, *QUICK, "tracker=none", f"hydra.sweep.dir={folder}"]
    assert train(*words).returncode == 0
    return folder / "report.html"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser") / "run"
    assert train(*QUICK, "probe=full", "probe.every=4", "tracker=none", f"hydra.run.dir={folder}").returncode == 0
    return build_run(folder)


def results(page: Path) -> list[dict[str, str]]:
    with (page.parent / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def column(page: Any, name: str) -> list[str]:
    heads = page.locator("#cells th").all_inner_texts()
    return page.locator(f"#cells tr.cell td:nth-child({heads.index(name) + 1})").all_inner_texts()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), pytest.param("dark", 390, marks=pytest.mark.long)])
def test_a_sweep_opens_at_any_width_in_light_and_dark(width: int, scheme: Any, browser: Any, sweep: Path) -> None:
    with opened(browser, sweep, width, color_scheme=scheme) as page:
        assert draw_all(page) >= 5
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 24, 28)"}[scheme]
        page.click("#theme")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != paper


def test_the_table_is_sorted_filtered_and_exported(browser: Any, sweep: Path) -> None:
    with opened(browser, sweep) as page:
        slopes = [f"{float(row['slope']):+.3f}" for row in results(sweep)]
        page.click("th:text-is('slope now')")
        assert column(page, "slope now") == sorted(slopes, key=float)
        page.click("th:text-is('slope now')")
        assert column(page, "slope now") == sorted(slopes, key=float, reverse=True)
        page.fill("#filter", "tanh seed=1")
        assert column(page, "run") == [name for name in column(page, "run") if "tanh" in name and "seed=1" in name]
        assert page.inner_text("#count") == "2 of 8 runs"
        with page.expect_download() as saved:
            page.click("#csv")
        head, *lines = Path(saved.value.path()).read_text().splitlines()
        table = (sweep.parent / "results.csv").read_text().splitlines()
        kept = [line for line in table[1:] if line.startswith("tanh,") and line.split(",")[2] == "1"]
        assert (head, sorted(lines)) == (table[0], sorted(kept))  # to the letter
        page.click("#all")
        assert page.inner_text("#count") == "8 of 8 runs"
        page.select_option("#choices select >> nth=1", "1.5")
        assert page.inner_text("#count") == "4 of 8 runs"


def test_the_first_screen_has_the_answer_and_its_figure_and_all_are_drawn_unscrolled(browser: Any, sweep: Path) -> None:
    with opened(browser, sweep) as page:
        page.locator(".figure .main-svg").first.wait_for()
        for chosen in (".answer", ".figure"):
            box, screen = page.locator(chosen).first.bounding_box(), page.viewport_size
            assert box is not None and screen is not None and 0 < box["y"] < screen["height"] * 0.6
        page.wait_for_function(
            "[...document.querySelectorAll('.figure[data-name]')].every(each => each.querySelector('.main-svg'))"
        )
        assert page.evaluate("scrollY") == 0


@pytest.mark.long
def test_what_is_cut_at_the_edge_has_a_sign(browser: Any, sweep: Path) -> None:
    for width, least in ((390, 2), (1280, 0)):
        with opened(browser, sweep, width) as page:
            page.locator(".figure .main-svg").first.wait_for()
            page.wait_for_function(
                "[...document.querySelectorAll('.scroll, .wide')].filter(each => each.checkVisibility()).every("
                "each => each.classList.contains('cut') === each.scrollWidth > each.clientWidth + 1)"
            )
            assert page.locator(".cut").count() >= least
            if width == 1280:  # the table of a sweep with four references fits
                assert page.locator("#cells").evaluate("each => each.offsetWidth") <= width


def test_rows_and_heads_of_the_table_are_reached_by_the_keyboard(browser: Any, sweep: Path) -> None:
    with opened(browser, sweep) as page:
        page.focus("th:text-is('slope now')")
        page.keyboard.press("Enter")
        slopes = [f"{float(row['slope']):+.3f}" for row in results(sweep)]
        assert column(page, "slope now") == sorted(slopes, key=float)
        page.keyboard.press("Tab")
        page.locator("#cells tr.cell").first.focus()
        page.keyboard.press(" ")
        assert "python src/train.py" in page.inner_text("tr.about")


def test_no_two_names_of_lines_lie_on_one_another(browser: Any, sweep: Path) -> None:
    with opened(browser, sweep) as page:
        page.locator(".figure .main-svg").first.wait_for()
        boxes = (
            page.locator(".figure")
            .first.locator(".textpoint text")
            .evaluate_all(
                "every => every.map(each => each.getBoundingClientRect()).map(b => [b.x, b.y, b.right, b.bottom])"
            )
        )
        assert len(boxes) == 4  # two activations, two gains
        for i, one in enumerate(boxes):
            for other in boxes[:i]:
                beside = one[2] <= other[0] or other[2] <= one[0]
                assert beside or one[3] <= other[1] or other[3] <= one[1]


@pytest.mark.long
def test_numbers_are_sorted_by_size_and_what_has_none_comes_last(browser: Any, tmp_path: Path) -> None:
    done = {"state": "completed", "births": births([-1.0], vanishing=1), "score": "val/a", "steps": 1}
    done |= {"baseline": {}, "baseline_name": "none", "references": {}, "train": {}, "larger_is_better": True}
    values = {"1.5": (-0.5, 0.45), "0.75": (1.0, 0.5), "10.0": (None, None), "1.25": (-12.0, 0.123)}
    records = [done | {"slope": slope, "metrics": {"val/a": score}} for slope, score in values.values()]
    folder = make_sweep(tmp_path / "s", {"init.gain": ",".join(values)}, records)
    with opened(browser, build(folder)) as page:
        for head, ascending in {
            "slope now": ["gain=1.25", "gain=1.5", "gain=0.75", "gain=10.0"],
            "val/a": ["gain=1.25", "gain=1.5", "gain=0.75", "gain=10.0"],
            "run": ["gain=0.75", "gain=1.25", "gain=1.5", "gain=10.0"],
        }.items():
            page.click(f"th:text-is('{head}')")
            assert column(page, "run") == ascending
        page.click("th:text-is('slope now')")
        page.click("th:text-is('slope now')")
        assert column(page, "run") == ["gain=0.75", "gain=1.5", "gain=1.25", "gain=10.0"]


@pytest.mark.long
def test_a_long_table_grows_as_it_is_scrolled(browser: Any, tmp_path: Path) -> None:
    done = {"state": "completed", "births": births([-1.0], vanishing=1), "slope": -1.0}
    seeds = range(450)
    folder = make_sweep(tmp_path / "s", {"seed": ",".join(map(str, seeds))}, [done] * len(seeds))
    with opened(browser, build(folder)) as page:
        assert page.inner_text("#count") == "450 of 450 runs"
        page.wait_for_function("document.querySelectorAll('#cells tr.cell').length < 450")
        for _ in range(2):
            page.locator("#cells tr.cell").last.scroll_into_view_if_needed()
            page.wait_for_timeout(200)
        page.wait_for_function("document.querySelectorAll('#cells tr.cell').length === 450")
        assert column(page, "run") == [f"seed={seed}" for seed in seeds]
        page.click("th:text-is('run')")
        page.click("th:text-is('run')")
        assert column(page, "run")[0] == "seed=449"


@pytest.mark.long
def test_a_clause_shows_its_runs_and_a_run_its_command(browser: Any, sweep: Path) -> None:
    with opened(browser, sweep) as page:
        assert "identity: the gradient at initialisation vanishes at gain 0.5 (exact: " in page.inner_text(".answer")
        page.fill("#filter", "tanh")  # what was looked for before does not hide what a clause stands on
        page.click(".answer a:has-text('explodes at gain 1.5') >> nth=-1")
        assert all(name.startswith("identity gain=1.5") for name in column(page, "run"))
        assert page.inner_text("#count") == "2 of 8 runs"
        page.locator("#cells tr.cell").first.click()
        about = page.inner_text("tr.about")
        assert "python src/train.py --config-name activations hydra.mode=RUN" in about
        assert all(f" {word}" in about for word in ("activation=identity", "init.gain=1.5", "model.hidden=8", "seed=0"))
        page.locator("#cells tr.cell").first.click()
        assert page.locator("tr.about").count() == 0


@pytest.mark.long
def test_the_command_of_a_run_makes_that_run_again(browser: Any, sweep: Path, tmp_path: Path) -> None:
    with opened(browser, sweep) as page:
        page.locator("#cells tr.cell").first.click()
        command = page.locator("tr.about code").first.inner_text()
    again = train(*command.split()[2:], f"hydra.run.dir={tmp_path / 'again'}")
    assert (again.returncode, again.stderr) == (0, "")
    run = sweep.parent / "0"
    assert (tmp_path / "again" / "metrics.csv").read_bytes() == (run / "metrics.csv").read_bytes()


@pytest.mark.long
def test_any_two_axes_hold_the_means_of_results_csv(browser: Any, sweep: Path) -> None:
    with opened(browser, sweep) as page:
        page.locator("#grid").scroll_into_view_if_needed()
        page.locator("#grid .main-svg").first.wait_for()
        shown = {"slope at initialisation, nats per lag": "births_slope_mean", "score: val/accuracy": "val/accuracy"}
        for quantity, key in shown.items():
            page.select_option("#across", "seed")
            page.select_option("#down", "activation")
            page.select_option("#quantity", quantity)
            (drawn,) = data_of(page, "any two axes")
            for y, line in zip(drawn["y"], drawn["z"], strict=True):
                for x, value in zip(drawn["x"], line, strict=True):
                    records = [row for row in results(sweep) if (row["activation"], row["seed"]) == (y, str(x))]
                    assert value == pytest.approx(np.mean([float(row[key]) for row in records])), (x, y, quantity)


@pytest.mark.long
def test_a_click_on_the_grid_shows_its_runs(browser: Any, sweep: Path) -> None:
    with opened(browser, sweep) as page:
        page.locator("#grid").scroll_into_view_if_needed()
        page.locator("#grid .main-svg").first.wait_for()
        page.select_option("#across", "init.gain")
        page.select_option("#down", "activation")
        box = page.locator("#grid .nsewdrag").bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.25)
        page.wait_for_function("document.getElementById('count').textContent.startsWith('2 of')")
        assert column(page, "run") == ["tanh gain=1.5 seed=0", "tanh gain=1.5 seed=1"]


@pytest.mark.long
def test_a_grid_says_how_many_runs_it_averages(browser: Any, tmp_path: Path) -> None:
    done = {"state": "completed", "births": births([-1.0], vanishing=1), "slope": -1.0}
    records = [done | {"horizon": 3, "horizon_direction": "down"}, done | {"longest_lag": 9}, {"state": "failed"}]
    with opened(browser, build(make_sweep(tmp_path / "s", {"seed": "0,1,2", "init.gain": "1"}, records))) as page:
        page.locator("#grid").scroll_into_view_if_needed()
        page.select_option("#across", "init.gain")
        page.select_option("#down", "init.gain")
        for quantity, shown in {
            "horizon now, lags": "3<br>(2 of 3 runs, 1 censored)",
            "slope now, nats per lag": "-1.000<br>(2 of 3 runs)",
        }.items():
            page.select_option("#quantity", quantity)
            page.wait_for_function(f"document.getElementById('grid').data?.[0].text[0][0] === {json.dumps(shown)}")


@pytest.mark.long
def test_where_most_horizons_lie_beyond_the_longest_lag_so_does_their_median(browser: Any, tmp_path: Path) -> None:
    done = {"state": "completed", "births": births([-1.0], vanishing=1), "slope": -1.0}
    records = [done | {"horizon": 3, "horizon_direction": "down"}, done | {"longest_lag": 9}, done | {"longest_lag": 9}]
    with opened(browser, build(make_sweep(tmp_path / "s", {"seed": "0,1,2", "init.gain": "1"}, records))) as page:
        page.locator("#grid").scroll_into_view_if_needed()
        page.select_option("#across", "init.gain")
        page.select_option("#down", "init.gain")
        page.select_option("#quantity", "horizon now, lags")
        shown = json.dumps("> 9<br>(3 runs, 2 censored)")
        page.wait_for_function(f"document.getElementById('grid').data?.[0].text[0][0] === {shown}")


def test_the_figures_hold_what_the_files_say(browser: Any, sweep: Path) -> None:
    with opened(browser, sweep) as page:
        draw_all(page)
        scores = data_of(page, "Scores")
        validation = next(each for each in scores if each["name"] == "validation")["x"]
        assert sorted(validation) == pytest.approx(sorted(float(row["val/accuracy"]) for row in results(sweep)))
        panel = next(each for each in data_of(page, "Profiles at initialisation") if each.get("name") == "identity")
        curves = [
            np.array(row[1:])[::-1]
            for run in read_sweep(sweep.parent).runs
            if run.axes["activation"] == "identity" and run.axes["init.gain"] == 0.5
            for row in read_table(run.folder / "profiles" / "births_relative_log.csv")[1]
        ]
        stacked = np.array(curves)
        reached = np.isfinite(stacked).all(0)
        assert panel["y"] == pytest.approx(np.exp(np.median(stacked[:, reached], axis=0)), rel=1e-6)
        theory = [each for each in data_of(page, "Theory beside measurement") if each.get("name") == "mean field"]
        drawn = sorted(zip(theory[0]["x"], theory[0]["y"], strict=True))
        expected = sorted(
            (float(row["predictions_start/mean_field"]), float(row["slope_start"])) for row in results(sweep)
        )
        assert np.array(drawn) == pytest.approx(np.array(expected))


@pytest.mark.long
@pytest.mark.parametrize("which", ["sweep", "run"])
def test_every_figure_can_be_exported(which: str, browser: Any, request: pytest.FixtureRequest) -> None:
    """Chromium lets a page save ten files, and then asks its reader: hence a fresh page for every few."""
    file, done, count = request.getfixturevalue(which), 0, 1
    while done < count:
        with opened(browser, file, width=800) as page:
            count = page.locator(".figure").count()
            for i in range(done, min(done + 5, count)):
                page.locator(".figure").nth(i).scroll_into_view_if_needed()
                page.locator(".figure").nth(i).locator(".main-svg").first.wait_for()
                for kind in ("SVG", "PNG"):
                    with page.expect_download() as saved:
                        page.locator(".export").nth(i).get_by_text(kind).click()
                    check_picture(Path(saved.value.path()), kind)
        done += 5


def check_picture(file: Path, kind: str) -> None:
    if kind == "SVG":
        assert file.read_text().startswith("<svg")
        return
    with Image.open(file) as picture:
        assert len(picture.convert("L").getcolors(256) or ()) > 10  # not blank
        assert picture.width > 600


def test_a_runs_page_is_what_the_run_left(browser: Any, run: Path) -> None:
    with opened(browser, run) as page:
        assert draw_all(page) >= 8
        rows = read_table(run.parent / "profiles" / "grad_h_relative_log.csv")[1]
        lines = data_of(page, "Profile over training")
        assert [line["name"] for line in lines] == ["before training", *(f"step {row[0]:g}" for row in rows)]
        for line, row in zip(lines[1:], rows, strict=True):
            values = [value for value in line["y"] if value is not None]
            assert values == pytest.approx([v / LN_10 for v in row[:0:-1] if math.isfinite(v)])
        heat = data_of(page, "Heat map")[0]["z"]
        logs = read_table(run.parent / "profiles" / "grad_h_log.csv")[1]
        assert heat[-1] == pytest.approx([None if math.isnan(v) else v / LN_10 for v in logs[-1][1:]])
        portrait = json.loads((run.parent / "portraits" / "end.json").read_text())["portrait"]
        eigenvalues = next(each for each in data_of(page, "Spectra at the end") if each.get("name") == "eigenvalues")
        assert list(zip(eigenvalues["x"], eigenvalues["y"], strict=True)) == [tuple(p) for p in portrait["eigenvalues"]]


@pytest.mark.long
def test_the_slider_goes_through_training(browser: Any, run: Path) -> None:
    with opened(browser, run) as page:
        figure = page.locator("[data-name='Profile over training']")
        figure.scroll_into_view_if_needed()
        figure.locator(".slider-rail-touch-rect").wait_for()
        shown = (
            "document.querySelector(\"[data-name='Profile over training']\").data.map(line => line.visible !== false)"
        )
        before = page.evaluate(shown)
        rail = figure.locator(".slider-rail-touch-rect").bounding_box()
        assert rail is not None
        page.mouse.click(rail["x"] + 3, rail["y"] + rail["height"] / 2)
        page.wait_for_function(f"JSON.stringify({shown}) !== {json.dumps(json.dumps(before, separators=(',', ':')))}")
        after = page.evaluate(shown)
        assert before == [True, *[False] * (len(before) - 2), True]
        assert after == [True, True, *[False] * (len(before) - 2)]


@pytest.mark.long
def test_words_are_shaded_by_their_share(browser: Any, run: Path) -> None:
    with opened(browser, run) as page:
        first = page.locator(".attribution").first
        shares = [
            float(title.split(" ")[0]) for title in first.locator("span").evaluate_all("e => e.map(s => s.title)")
        ]
        assert sum(shares) == pytest.approx(100, abs=0.05 * len(shares))
        assert max(shares) > 0


TYPED = "<img src=x onerror=alert(1)><script>alert(2)</script>"


@pytest.mark.long
def test_markup_on_a_runs_page_is_inert(browser: Any, run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run.parent, folder, symlinks=True)
    values = {"name": TYPED, "error": TYPED, "baseline_name": TYPED, "explanation": TYPED, "references": {TYPED: {}}}
    status.update(folder, **values)
    with opened(browser, build_run(folder)) as page:
        draw_all(page)
        assert page.locator("img").count() == 0
        assert page.inner_text("h1") == TYPED


@pytest.mark.long
def test_a_run_without_a_result_has_a_page_of_what_it_left(browser: Any, run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run.parent, folder, ignore=shutil.ignore_patterns("checkpoints", ".hydra"), symlinks=True)
    status.write(folder, {"state": "interrupted", "name": "half a run", "error": "a reason"})
    with opened(browser, build_run(folder)) as page:
        assert page.inner_text(".lead") == "interrupted: a reason"
        assert draw_all(page) >= 8
        assert "Which words the loss listened to cannot be shown" in page.inner_text("body")
    shutil.rmtree(folder / "profiles")
    (folder / "metrics.csv").unlink()
    assert "half a run" in build_run(folder).read_text(encoding="utf-8")


@pytest.mark.long
def test_slopes_beyond_all_bounds_break_no_figure(browser: Any, tmp_path: Path) -> None:
    """A learning rate of 1e30 makes weights, and slopes, of any size."""
    made = {"births": births([-1.0], vanishing=1), "slope_start": -1.0, "steps": 5}
    records = [made | {"state": "completed", "slope": -0.5}, made | {"state": "diverged", "slope": -1.238e58}]
    with opened(browser, build(make_sweep(tmp_path / "s", {"optimizer.lr": "0.01,1e30"}, records))) as page:
        assert draw_all(page) >= 3
        assert column(page, "slope now") == ["-0.500", "-1.24e+58"]
        page.select_option("#quantity", "slope now, nats per lag")
        page.wait_for_function("document.getElementById('grid').layout.title.text.includes('colours end at 1')")


@pytest.mark.long
def test_exponents_of_minus_infinity_are_left_out(browser: Any, run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run.parent, folder, symlinks=True)
    file = folder / "portraits" / "end.json"
    values = json.loads(file.read_text())
    values["portrait"] |= {"exponents": ["-inf", "-inf"], "errors": [None, None]}
    file.write_text(json.dumps(values))
    with opened(browser, build_run(folder)) as page:
        draw_all(page)


@pytest.mark.long
def test_markup_that_a_user_typed_is_inert(browser: Any, tmp_path: Path) -> None:
    done = {"state": "completed", "births": births([-1.0], vanishing=1), "slope": -1.0, "error": TYPED}
    done |= {"score": TYPED, "metrics": {TYPED: 0.5}, "baseline": {TYPED: 0.1}, "baseline_name": TYPED, "steps": 5}
    done |= {
        "seconds_per_update": 1.0,
        "references": {TYPED: {TYPED: 0.2}},
        "train": {},
        "remark": TYPED,
        "larger_is_better": True,
    }
    folder = make_sweep(tmp_path / "s", {"task.name": f"'{TYPED}',b", "init.gain": "1,2"}, [done] * 4, question=TYPED)
    with opened(browser, build(folder)) as page:
        draw_all(page)
        page.locator("#cells tr.cell").first.click()
        page.select_option("#across", "task.name")
        page.wait_for_timeout(300)
        assert page.locator("img").count() == 0
        assert TYPED in page.inner_text("body")


def test_the_chain_follows_its_sliders(browser: Any, run: Path) -> None:
    found = chain_data(run.parent, RunRecord.read(run.parent))
    assert found is not None
    (view,) = found.views
    drawn = "[...document.querySelectorAll('.chain .back')].map(line => +line.getAttribute('stroke-width'))"

    def expected(values: Any) -> Any:
        return pytest.approx([view.scale.thickness(v) if math.isfinite(v) else 0 for v in values], abs=0.05)

    with opened(browser, run, width=390) as page:
        assert page.evaluate(drawn) == expected(view.mean[-1])
        page.focus("#chain-step")
        page.keyboard.press("Home")
        assert page.evaluate(drawn) == expected(view.mean[0])
        page.focus("#chain-sample")
        page.keyboard.press("ArrowRight")
        assert page.evaluate(drawn) == expected(view.samples[0][0])
        words = page.locator(".chain .label").all_text_contents()[:-1]
        assert words == found.labels[0]
        right = page.locator(".chain .step").evaluate_all(
            "s => Math.max(...s.map(e => e.getBoundingClientRect().right))"
        )
        assert right <= 390


@pytest.mark.long
def test_a_figure_wider_than_paper_is_printed_whole(browser: Any, run: Path) -> None:
    drawn = "[...document.querySelectorAll('.figure')].map(each => each.querySelector('.main-svg'))"
    widths = f"{drawn}.map(each => each.getBoundingClientRect().width)"
    with opened(browser, run) as page:
        draw_all(page)
        before = page.evaluate(widths)
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert min(before) > 1000 and max(page.evaluate(widths)) <= 691
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.evaluate(widths) == before
