"""Writes a page from its sections: one HTML file that opens from disk without network."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from plotly.offline import get_plotlyjs
from plotly.utils import PlotlyJSONEncoder

from unrolled.digits import score
from unrolled.record.files import replacing

from .linked_words import with_words

WIDE, LEGEND, PANEL = 700, 240, 250  # pixels: wide figures scroll on a phone


@dataclass(frozen=True)
class Section:
    """A figure of a page with its texts.

    note: how to read the figure.
    lines: the results in sentences.
    command: the command that makes the figure again.
    """

    title: str
    note: str
    figure: go.Figure | None
    lines: Sequence[str] = ()
    command: str = ""


def write_page(  # noqa: PLR0917
    file: Path,
    title: str,
    lead: str,
    sections: Sequence[Section],
    template: str = "shell",
    first: Sequence[Section] = (),
    **more: Any,
) -> Path:
    """Writes the page atomically; returns `file`.

    lead: the paragraph below the title.
    template: name of a template that extends or is `shell`.
    first: figures that stand above the numbered sections, where the template has a place for them.
    more: other variables of the template.
    """
    shown, on_top = ([_shown(each) for each in kept] for kept in (sections, first))
    page = (
        _environment()
        .get_template(f"{template}.html.j2")
        .render(title=title, lead=lead, sections=shown, first=on_top, plotly_js=Markup(get_plotlyjs()), **more)
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as draft:
        draft.write_text(page, encoding="utf-8")
    return file


def write_picture(file: Path, **variables: Any) -> Path:
    """Writes the chain as an SVG file of its own; returns `file`. variables: of the template."""
    with replacing(file) as draft:
        picture = _environment().get_template("chain_picture.svg.j2").render(**variables)
        draft.write_text(picture.lstrip(), encoding="utf-8")
    return file


@cache
def _environment() -> Environment:
    made = Environment(loader=PackageLoader("unrolled.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    made.filters["json"] = as_json
    made.filters["with_its_digits"] = score
    made.filters["with_words"] = with_words
    return made


def as_json(value: Any) -> Markup:
    """Returns JSON for a script element, escaped so that no text in it can end the element."""
    return Markup(json.dumps(value, cls=PlotlyJSONEncoder, allow_nan=True).replace("<", "\\u003c"))


def _shown(each: Section) -> dict[str, Any]:
    return {"title": each.title, "note": each.note, "lines": each.lines, "command": each.command, **_drawn(each.figure)}


def _drawn(figure: go.Figure | None) -> dict[str, Any]:
    """Returns the figure as plain JSON values and its minimum width in pixels.

    plotly's own template is removed: the page has a light and a dark one.
    """
    if figure is None:
        return {"figure": None, "wide": 0}
    plain = figure.to_plotly_json()
    layout = {**plain["layout"], "template": {}}
    axes = [axis for key, axis in layout.items() if key.startswith("xaxis")]
    beside = len({axis["domain"][0] for axis in axes if "domain" in axis})
    wide = beside > 1 or "scene" in layout or layout.get("yaxis", {}).get("type") == "category"
    return {
        "figure": {"data": plain["data"], "layout": layout},
        "wide": max(WIDE, LEGEND + PANEL * beside) if wide else 0,
    }
