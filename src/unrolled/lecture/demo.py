"""The contents of a demo's page."""

from dataclasses import dataclass

from unrolled.report.shell import Section


@dataclass(frozen=True)
class Demo:
    """A page of a lecture.

    title: its heading.
    lead: a sentence or two about what to expect.
    sections: in order of the page.
    """

    title: str
    lead: str
    sections: tuple[Section, ...]
