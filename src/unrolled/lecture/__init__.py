"""Demos for a lecture: each command makes one page, with figures to project and sentences to read out."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from unrolled.errors import UserError

if TYPE_CHECKING:
    from .demo import Demo


class DemoInfo(NamedTuple):
    """A demo in the list.

    module: the module in this folder that has `demo() -> Demo`.
    summary: a line about what the demo shows.
    """

    module: str
    summary: str


# A new demo is a file in this folder and a line here; its module is imported only when it is made.
DEMOS = {
    "error_wall": DemoInfo("error_wall", "the wall in the error surface of one unit, with and without clipping"),
    "bifurcation": DemoInfo(
        "bifurcation", "why the wall is there: fixed points that meet, and the gradient beside them"
    ),
    "tent_map": DemoInfo("tent_map", "chaos in two ReLU units: a gradient that must explode although no state does"),
    "hump": DemoInfo("hump", "eigenvalues below 1, and a gradient that first grows 39-fold"),
    "length": DemoInfo("length", "the gradient at the first step against the length, beyond what float32 can hold"),
    "not": DemoInfo(
        "negation", 'networks that learn what "not" means, and how far it may be from the end of the sentence'
    ),
}


def load(name: str) -> "Demo":
    """Computes a demo; each of its figures names the command that makes it.

    Raises UserError, with the names of all demos, for an unknown name.
    """
    if name not in DEMOS:
        raise UserError(f"demo {name}: no such demo; allowed: {', '.join(DEMOS)}")
    made = import_module(f"{__name__}.{DEMOS[name].module}").demo()
    again = f"unrolled demo {name}"
    return replace(made, sections=tuple(replace(each, command=each.command or again) for each in made.sections))


def make(name: str, folder: Path, *, slides: bool = False) -> list[Path]:
    """Writes a demo's page, `folder/NAME.html`, and returns its path.

    slides: whether to write the pictures for a projector too, `folder/NAME/slides/`; their paths follow.
    Raises UserError for an unknown name, and as `write_slides` does.
    """
    from unrolled.report.shell import write_page
    from unrolled.report.slides import write_slides

    made = load(name)
    page = write_page(folder / f"{name}.html", made.title, made.lead, made.sections)
    return [page, *(write_slides(folder / name, made.sections) if slides else [])]


def listed() -> str:
    """Returns a line for each demo: its name and its summary."""
    wide = max(map(len, DEMOS))
    return "\n".join(f"{name:<{wide}}  {info.summary}" for name, info in DEMOS.items())
