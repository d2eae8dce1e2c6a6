"""What a demo is."""

from dataclasses import dataclass

from unrolled.report.shell import Section


@dataclass(frozen=True)
class Demo:
    """lead: what to expect, in a sentence or two. sections: in the order in which they are told."""

    title: str
    lead: str
    sections: tuple[Section, ...]
