"""`results.csv` and `report.html` of a sweep, from its folder alone."""

import os
from importlib import resources
from pathlib import Path

import plotly.graph_objects as go
from jinja2 import Environment
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from unrolled.sweeps.results import Swept, failures, read_sweep, write_results
from unrolled.tracking.status import STATES

from . import figures
from .sentences import sentences
from .table import header, rows

PAGE = "report.html"


def build(folder: Path) -> Path:
    """Writes both; returns the page's path. Raises UserError where `folder` holds no sweep."""
    swept = read_sweep(folder)
    write_results(swept)
    page, draft = folder / PAGE, folder / f".{PAGE}.{os.getpid()}"
    draft.write_text(_html(swept), encoding="utf-8")
    draft.replace(page)
    return page


def _html(swept: Swept) -> str:
    source = resources.files("unrolled.report").joinpath("page.html.j2").read_text(encoding="utf-8")
    template = Environment(autoescape=True).from_string(source)
    return template.render(
        title=swept.name,
        question=swept.question,
        counts=_counts(swept),
        trouble=failures(swept),
        sentences=sentences(swept),
        sections=_sections(swept),
        header=header(swept),
        rows=rows(swept),
        plotly_js=Markup(get_plotlyjs()),
    )


def _sections(swept: Swept) -> list[dict[str, object]]:
    lags = "Lag counts real words back from the read-out; a lag with fewer than 10 sentences behind it is not drawn."
    return [
        {
            "title": "1. Profiles at birth",
            "note": f"Before any training: median over births, band = the middle 80 % of them. {lags}",
            "figure": _embed(figures.profiles_at_birth(swept)),
        },
        {
            "title": "2. Profiles after training",
            "note": "The same networks' configurations at the last probe, on the same validation examples.",
            "figure": _embed(figures.profiles_after_training(swept)),
        },
        {
            "title": "From birth to now",
            "note": "Training moves the slope: a trained network's slope says nothing about its initialisation's.",
            "figure": _embed(figures.arrows(swept)),
        },
        {
            "title": "3. Slope at birth",
            "note": "Mean and standard deviation over births, all seeds and other axes together, and how many explode.",
            "figure": _embed(figures.grid(swept)),
        },
    ]


def _embed(figure: go.Figure) -> Markup:
    return Markup(
        figure.to_html(full_html=False, include_plotlyjs=False, config={"responsive": True, "displaylogo": False})
    )


def _counts(swept: Swept) -> str:
    states = [cell.state for cell in swept.cells]
    parts = [f"{states.count(state)} {state}" for state in (*STATES, "missing") if state in states]
    return f"{len(states)} cells: {', '.join(parts)}"
