"""An answer of a sweep's page: sentences with the runs that they rest on, and the figure that shows the quantity."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import plotly.graph_objects as go

from unrolled.record.results import SweptRun


@dataclass(frozen=True)
class Clause:
    """A statement, or the part of one that has runs of its own.

    subject: printed once before all clauses that follow one another with it; "" for a whole sentence.
    runs: the numbers of the runs that the statement rests on.
    evidence: how many networks behind it, with the interval; it follows in brackets.
    """

    subject: str
    text: str
    runs: list[int] = field(default_factory=list)
    evidence: str = ""

    @property
    def whole(self) -> str:
        return f"{self.text} ({self.evidence})" if self.evidence else self.text


Sentence = list[Clause]


@dataclass(frozen=True)
class Answer:
    """What a sweep says about one quantity.

    quantity: a key of `unrolled.config.answer.ANSWERS`.
    sentences: the first is the headline.
    title, note: of the figure.
    draw: draws it; None if there is nothing to draw.
    below: returns the lines below the figure: what it leaves out, and its numbers.
    """

    quantity: str
    sentences: Sequence[Sentence]
    title: str = ""
    note: str = ""
    draw: Callable[[], go.Figure | None] | None = None
    below: Callable[[], list[str]] = list

    @property
    def lines(self) -> list[str]:
        return [text(sentence) for sentence in self.sentences]


def text(sentence: Sentence) -> str:
    """Returns a sentence without its links."""
    parts = [
        f"{subject} {', '.join(clause.whole for clause in clauses)}".strip()
        for subject, clauses in groupby(sentence, key=lambda clause: clause.subject)
    ]
    joined = "; ".join(parts)
    return f"{joined}." if joined else ""


def whole(words: str, runs: Sequence[SweptRun] = ()) -> Sentence:
    """Returns a sentence of one clause. words: without the full stop."""
    return [Clause("", words, numbers(runs))]


def numbers(runs: Sequence[SweptRun]) -> list[int]:
    return [int(run.folder.name) for run in runs]
