"""What the buttons below a figure give: its numbers as CSV, and the figure alone on paper of its size."""

import csv
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from plotly.subplots import make_subplots

from browser import CHROMIUM, chromium, opened
from unrolled.report.shell import Section, write_page

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
SIZE = re.compile(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    lines = make_subplots(1, 2, subplot_titles=("left", "right"))
    lines.add_scatter(x=np.arange(3), y=np.array([0.1, math.nan, 1e-300]), name='a "b", c', row=1, col=1)
    lines.add_scatter(x=["u"], y=[2], error_y={"array": [0.5]}, row=1, col=2)
    lines.add_scatter(x=[7], y=[7], visible="legendonly", name="hidden", row=1, col=2)
    heat = go.Figure(go.Heatmap(x=[10, 20], y=["p", "q"], z=np.array([[1.0, 2.0], [3.0, 4.0]])))
    empty = go.Figure()
    sections = [Section("Lines", "", lines), Section("Heat", "", heat), Section("Empty", "", empty)]
    file = write_page(tmp_path_factory.mktemp("exports") / "page.html", "A page", "", sections)
    with chromium() as browser, opened(browser, file) as found:
        yield found


def exported(page: Any, figure: int) -> list[list[str]]:
    with page.expect_download() as saved:
        page.locator(".export").nth(figure).get_by_text("CSV").click()
    with Path(saved.value.path()).open(newline="") as file:
        return list(csv.reader(file))


def test_lines_with_their_panels_names_and_error_bars(page: Any) -> None:
    head, *rows = exported(page, 0)
    assert head == ["panel", "series", "x", "y", "error_y"]
    assert [row[:3] for row in rows] == [["left", 'a "b", c', str(i)] for i in range(3)] + [["right", "", "u"]]
    assert [float(row[3] or "nan") for row in rows] == pytest.approx([0.1, math.nan, 1e-300, 2], rel=1e-15, nan_ok=True)
    assert [row[4] for row in rows] == ["", "", "", "0.5"]


def test_a_heat_map_has_a_row_for_each_of_its_fields(page: Any) -> None:
    head, *rows = exported(page, 1)
    assert head == ["series", "x", "y", "z"]
    assert [row[1:] for row in rows] == [["10", "p", "1"], ["20", "p", "2"], ["10", "q", "3"], ["20", "q", "4"]]


def test_an_empty_figure_has_its_head_alone(page: Any) -> None:
    assert exported(page, 2) == [["series"]]


def test_a_figure_is_printed_alone_and_the_page_is_as_before(page: Any, tmp_path: Path) -> None:
    page.evaluate("window.print = () => {}")
    page.locator(".export").nth(1).get_by_text("PDF").click()
    assert "one_figure" in page.locator("html").get_attribute("class")
    page.pdf(path=tmp_path / "one.pdf", prefer_css_page_size=True)  # as a browser does, it ends with `afterprint`
    figure = page.locator(".figure").nth(1).bounding_box()
    (paper,) = SIZE.findall((tmp_path / "one.pdf").read_bytes())
    points = [figure[side] * 0.75 for side in ("width", "height")]
    assert [float(each) for each in paper] == pytest.approx(points, abs=2)
    assert not page.locator("html").get_attribute("class") and page.locator(".alone").count() == 0
    page.emulate_media(media="print")
    assert page.locator("h1").is_visible()
    page.emulate_media(media="screen")
