"""What a demo is, and how its lines are drawn."""

from dataclasses import dataclass
from typing import Any

from unrolled.report.figures import COLOURS, DASHES
from unrolled.report.shell import Section


@dataclass(frozen=True)
class Demo:
    """lead: what to expect, in a sentence or two. sections: in the order in which they are told."""

    title: str
    lead: str
    sections: tuple[Section, ...]


def stroke(index: int) -> dict[str, Any]:
    """The index-th kind of line: told apart in colour, and in print by its dashes."""
    return {"color": COLOURS[index % len(COLOURS)], "dash": DASHES[index % len(DASHES)], "width": 2.5}
