"""Demos for a lecture: each is a page that one command makes, with figures to project and sentences to read out."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from unrolled.errors import UserError

if TYPE_CHECKING:
    from .demo import Demo


class Entry(NamedTuple):
    """file: the module in this folder that has `demo() -> Demo`. line: what it shows."""

    file: str
    line: str


# A new demo is a file in this folder and a line here. Nothing of it is imported before it is asked for.
DEMOS = {
    "error_wall": Entry("error_wall", "the wall in the error surface of one unit, with and without clipping"),
    "bifurcation": Entry("bifurcation", "why the wall is there: fixed points that meet, and the gradient beside them"),
    "tent_map": Entry("tent_map", "chaos in two ReLU units: a gradient that must explode although no state does"),
    "hump": Entry("hump", "eigenvalues below 1, and a gradient that first grows 39-fold"),
    "length": Entry("length", "the gradient at the first step against the length, beyond what float32 can hold"),
    "not": Entry("negation", 'what "not" does in "I do not like this movie", word by word'),
}


def load(name: str) -> "Demo":
    """Computes the demo; each of its figures names the command that makes it.

    Raises UserError, with the names there are, for an unknown one.
    """
    if name not in DEMOS:
        raise UserError(f"demo {name}: no such demo; allowed: {', '.join(DEMOS)}")
    told = import_module(f"{__name__}.{DEMOS[name].file}").demo()
    again = f"unrolled demo {name}"
    return replace(told, sections=tuple(replace(each, command=each.command or again) for each in told.sections))


def make(name: str, folder: Path) -> Path:
    """Writes the demo's page, `folder/NAME.html`; returns its path. Raises UserError as `load`."""
    from unrolled.report.shell import write_page

    told = load(name)
    return write_page(folder / f"{name}.html", told.title, told.lead, told.sections)


def listed() -> str:
    """A line for each demo: its name and what it shows."""
    wide = max(map(len, DEMOS))
    return "\n".join(f"{name:<{wide}}  {entry.line}" for name, entry in DEMOS.items())
