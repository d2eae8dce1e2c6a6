"""Numbers of one example on a run's page: its first forward and backward pass, and its answers after each update."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from unrolled.digits import counted
from unrolled.record.tables import ANSWERS, FIRST_PASS, read_table

from .figures import layout, stroke, text

MOST_UNITS = 12  # of a vector that a table shows whole
# What the lecture notes give for "I love machine learning".
NOTES = {"positive": 0.891, "neutral": 0.107, "negative": 0.002}
OF_NOTES = ["i", "love", "machine", "learning"]


@dataclass(frozen=True)
class Step:
    """One time step of the example: what it reads, x_t, h_t, dL/dh_t and its norm."""

    t: int
    word: str
    x: str
    h: str
    dh: str
    norm: str


@dataclass(frozen=True)
class FirstPass:
    """The first pass of one example, in words."""

    steps: list[Step]
    answer: str
    shares: str
    loss: str
    true: str


def first_pass(folder: Path) -> FirstPass | None:
    """Returns the first pass of the run in `folder`; None if it has none, or none that can be read."""
    found, (classes, _) = _kept(folder), _answers(folder)
    try:
        return _in_words(found, classes)
    except (KeyError, TypeError, ValueError):
        return None


def _in_words(found: dict[str, Any], classes: list[str]) -> FirstPass:
    rows = zip(found["words"], found["x"], found["h"], found["dh"], strict=True)
    steps = [
        Step(t, word, _vector(x), _vector(h), _vector(dh), f"{math.hypot(*dh):z.5f}")
        for t, (word, x, h, dh) in enumerate(rows, 1)
    ]
    shares = ", ".join(f"{name} {share:.1%}" for name, share in zip(classes, _softmax(found["answer"]), strict=True))
    return FirstPass(steps, _vector(found["answer"]), shares, f"{found['loss']:z.4f}", found["true"])


def answers(folder: Path) -> go.Figure | None:
    """Draws the shares of the classes for the example after each update; None if they were not recorded."""
    classes, rows = _answers(folder)
    if not rows:
        return None
    figure = go.Figure()
    for i, name in enumerate(classes):
        line, label = stroke(i), text(name)
        figure.add_scatter(
            x=[row[0] for row in rows], y=[row[i + 1] for row in rows], name=label, line=line,
            mode="lines+markers" if len(rows) <= 3 else "lines",
            hovertemplate=f"{label}: %{{y:.1%}} after %{{x}} updates<extra></extra>",
        )  # fmt: skip
        if _kept(folder).get("words") == OF_NOTES and name in NOTES:
            style = {"color": line["color"], "width": 1, "dash": "dot"}
            figure.add_hline(y=NOTES[name], line=style)  # type: ignore[arg-type]
    figure.update_xaxes(title="updates")
    figure.update_yaxes(title="share of the class", range=[-0.02, 1.02], tickformat=".0%")
    figure.update_layout(height=360, **layout())
    return figure


def answered(folder: Path) -> list[str]:
    """Returns sentences on the answers; what the lecture notes give stands beside them where the example is theirs."""
    classes, rows = _answers(folder)
    if not rows:
        return []
    ends = [rows[0], rows[-1]] if len(rows) > 1 else [rows[0]]
    found = [
        f"{_when(int(row[0]))}: "
        + ", ".join(f"{name} {share:.1%}" for name, share in zip(classes, row[1:], strict=True)) + "."
        for row in ends
    ]  # fmt: skip
    if _kept(folder).get("words") != OF_NOTES or "positive" not in classes:
        return found
    notes = ", ".join(f"{name} {share:.1%}" for name, share in NOTES.items())
    found.append(f"The lecture notes' example of a trained network (dotted lines): {notes}.")
    sure = next((row[0] for row in rows if row[1 + classes.index("positive")] >= NOTES["positive"]), None)
    if sure is not None:
        found.append(f"This network is as sure of 'positive' after {sure:g} updates.")
    return found


def _when(updates: int) -> str:
    return f"After {counted(updates, 'updates')}" if updates else "Before any update"


def _kept(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / FIRST_PASS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _answers(folder: Path) -> tuple[list[str], list[list[float]]]:
    """Returns the classes, and a row for each update: its number, and the share of each class."""
    if not (folder / ANSWERS).is_file():
        return [], []
    head, rows = read_table(folder / ANSWERS)
    return [name.removeprefix("share of ") for name in head[1:]], [row for row in rows if len(row) == len(head)]


def _softmax(values: list[float]) -> list[float]:
    exponents = [math.exp(value - max(values)) for value in values]
    return [each / sum(exponents) for each in exponents]


def _vector(values: list[float]) -> str:
    shown = " ".join(f"{value:+z.3f}" for value in values[:MOST_UNITS])
    return shown + (f" ... ({len(values)} numbers)" if len(values) > MOST_UNITS else "")
