"""Pictures of a page's figures for a projector, 16:9, drawn by kaleido with the Chrome or Chromium of the machine."""

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import plotly.graph_objects as go

from unrolled.errors import UserError
from unrolled.record.ownership import check_free, claim, names_of

from .shell import Section

FOLDER = "slides"
WIDTH, HEIGHT = 1920, 1080
SCALE = 1.8  # a figure is laid out for a page and magnified, so that lines and marks grow with the letters
ABOVE = 50  # for the title, over the legend of the figure
FONT, TITLE, SMALLEST = 13, 20, 10  # 10 are 18 pixels once they are magnified


def write_slides(folder: Path, sections: Sequence[Section]) -> list[Path]:
    """Writes a PNG of 1920 x 1080 pixels for each section that has a figure; returns their paths in order.

    folder: of the run or the sweep; the pictures are in `slides/` there, and replace earlier ones.
    Raises UserError without kaleido, without Chrome, without any figure, or if `slides/` holds files that are not the
    program's own.
    """
    here = folder / FOLDER
    figures = [each for each in sections if each.figure is not None]
    drawn = {f"{i:02}_{_plain(each.title)}.png": slide(each) for i, each in enumerate(figures, 1)}
    if not drawn:
        raise UserError(f"{folder}: --slides has nothing to draw: there is no figure yet")
    earlier = names_of(here)
    check_free(here, list(drawn), earlier)
    with TemporaryDirectory() as drafts:
        _render({Path(drafts) / name: figure for name, figure in drawn.items()})
        claim(here, list(drawn), earlier)
        for name in drawn:
            shutil.move(Path(drafts) / name, here / name)
    for name in set(earlier) - set(drawn):
        (here / name).unlink(missing_ok=True)
    return [here / name for name in drawn]


def slide(section: Section) -> go.Figure:
    """Returns the figure of a section without controls, below its title, with letters to be read from afar."""
    assert section.figure is not None
    plain = _enlarged(section.figure.to_plotly_json())
    layout = {key: value for key, value in plain["layout"].items() if key not in ("sliders", "updatemenus", "height")}
    margin = layout.get("margin", {})
    layout |= {
        "title": {"text": section.title, "font": {"size": TITLE}, "x": 0.02, "y": 0.97, "yanchor": "top"},
        "margin": {**margin, "t": margin.get("t", 0) + ABOVE},
        "font": {"size": FONT, **layout.get("font", {})},
    }
    return go.Figure({"data": plain["data"], "layout": layout})


def _enlarged(value: Any, inside: str = "") -> Any:
    """Returns a copy of a figure's JSON in which no font is smaller than `SMALLEST`."""
    if isinstance(value, dict):
        return {
            key: max(each, SMALLEST) if key == "size" and inside.endswith("font") else _enlarged(each, key)
            for key, each in value.items()
        }
    return [_enlarged(each, inside) for each in value] if isinstance(value, list | tuple) else value


def _plain(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")


def _render(figures: Mapping[Path, go.Figure]) -> None:
    try:
        import kaleido
        from choreographer.errors import BrowserDepsError, BrowserFailedError, ChromeNotFoundError
    except ImportError:
        raise UserError("--slides needs kaleido: pip install 'unrolled[slides]'") from None
    size = {"format": "png", "width": WIDTH / SCALE, "height": HEIGHT / SCALE, "scale": SCALE}
    try:
        kaleido.write_fig_from_object_sync(
            [{"fig": each, "path": file, "opts": size} for file, each in figures.items()]
        )
    except (BrowserDepsError, BrowserFailedError, ChromeNotFoundError) as error:
        raise UserError("--slides needs Chrome or Chromium: install one, or run plotly_get_chrome") from error
