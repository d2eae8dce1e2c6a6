"""A page of titled sections."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs


@dataclass(frozen=True)
class Section:
    """A figure with its title, a note to read out, the numbers, and the command that makes it."""

    title: str
    note: str
    figure: go.Figure | None
    lines: tuple[str, ...] = ()
    command: str = ""


def write_page(file: Path, title: str, lead: str, sections: Sequence[Section]) -> Path:
    """Writes a self-contained page; returns its path."""
    parts = [f"<!doctype html><meta charset='utf-8'><title>{html.escape(title)}</title>"]
    parts.append(f"<script>{get_plotlyjs()}</script><h1>{html.escape(title)}</h1><p>{html.escape(lead)}</p>")
    for section in sections:
        parts.append(f"<h2>{html.escape(section.title)}</h2><p>{html.escape(section.note)}</p>")
        if section.figure is not None:
            parts.append(section.figure.to_html(full_html=False, include_plotlyjs=False))
        parts.append("".join(f"<p>{html.escape(line)}</p>" for line in section.lines))
        parts.append(f"<code>{html.escape(section.command)}</code>" if section.command else "")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(parts), encoding="utf-8")
    return file
