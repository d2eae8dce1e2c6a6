"""The pictures that `unrolled report --slides` writes."""

import struct
import sys
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
from plotly.subplots import make_subplots

from browser import CHROMIUM
from commands import unrolled
from unrolled.errors import UserError
from unrolled.report.shell import Section
from unrolled.report.slides import HEIGHT, SCALE, WIDTH, slide, write_slides


def section(title: str = "Profiles, at the end") -> Section:
    figure = make_subplots(1, 2, subplot_titles=("left", "right"))
    figure.add_scatter(x=[0, 1], y=[2, 3], mode="text", text=["a", "b"], textfont={"size": 6})
    figure.update_xaxes(title={"text": "lag", "font": {"size": 8}}, tickfont={"size": 7})
    figure.update_layout(sliders=[{"steps": []}], height=4000, legend={"font": {"size": 9}})
    return Section(title, "", figure)


def sizes(value: Any, inside: str = "") -> list[float]:
    """Returns every size of letters in a figure's JSON."""
    if isinstance(value, dict):
        own = [value["size"]] if inside.endswith("font") and "size" in value else []
        return own + [size for key, each in value.items() for size in sizes(each, key)]
    return [size for each in value for size in sizes(each, inside)] if isinstance(value, list | tuple) else []


def test_no_letter_is_smaller_than_18_pixels() -> None:
    found = sizes(slide(section()).to_plotly_json())
    assert len(found) >= 6
    assert min(found) * SCALE >= 18


def test_the_controls_stay_away_and_the_figure_of_the_page_as_it_is() -> None:
    shown = section()
    before = shown.figure.to_json() if shown.figure else ""
    layout = slide(shown).to_plotly_json()["layout"]
    assert "sliders" not in layout and "height" not in layout
    assert layout["title"]["text"] == shown.title
    assert shown.figure and shown.figure.to_json() == before


def test_without_kaleido_a_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kaleido", None)
    with pytest.raises(UserError, match=r"--slides needs kaleido: pip install 'unrolled\[slides\]'"):
        write_slides(tmp_path, [section()])
    assert list(tmp_path.iterdir()) == []


def test_without_chrome_a_line_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match="--slides needs Chrome or Chromium: install one, or run plotly_get_chrome"):
        write_slides(tmp_path, [section()])
    assert list(tmp_path.iterdir()) == []


def test_without_a_figure_a_line_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--slides has nothing to draw: there is no figure yet"):
        write_slides(tmp_path, [Section("No figure", "", None)])
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_the_users_is_not_written_over(tmp_path: Path) -> None:
    mine = tmp_path / "slides" / "01_profiles_at_the_end.png"
    mine.parent.mkdir()
    mine.write_text("precious")
    with pytest.raises(UserError, match=r"holds 01_profiles_at_the_end\.png, which would be written over"):
        write_slides(tmp_path, [section()])
    assert mine.read_text() == "precious"


@pytest.mark.long
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_each_figure_is_a_picture_of_a_projectors_size_and_earlier_ones_are_gone(tmp_path: Path) -> None:
    sections = [section("One"), Section("No figure", "", None), Section("Two", "", go.Figure())]
    assert [file.name for file in write_slides(tmp_path, sections)] == ["01_one.png", "02_two.png"]
    mine = tmp_path / "slides" / "mine.png"
    mine.write_text("precious")
    (file,) = write_slides(tmp_path, [section("One")])
    assert struct.unpack(">II", file.read_bytes()[16:24]) == (WIDTH, HEIGHT) == (1920, 1080)
    assert sorted(each.name for each in mine.parent.glob("*.png")) == ["01_one.png", "mine.png"]


@pytest.mark.long
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_the_commands_list_their_pictures(tmp_path: Path) -> None:
    ended = unrolled("demo", "bifurcation", "--out", str(tmp_path), "--slides")
    assert (ended.returncode, ended.stderr) == (0, "")
    page, *pictures = map(Path, ended.stdout.splitlines()[-3:])
    assert page == tmp_path / "bifurcation.html"
    assert pictures == sorted((tmp_path / "bifurcation" / "slides").glob("*.png")) and len(pictures) == 2
