"""Writes `results.csv` and `report.html` of a sweep, from its folder alone."""

import shlex
from pathlib import Path

from unrolled.record import earlier
from unrolled.record.results import Swept, failures, read_sweep, write_results
from unrolled.record.status import STATES

from .configuration_lines import lines
from .configurations import trained
from .linked_words import typed
from .runs import runs_data, sweep_command
from .sections import of_answers, sections
from .sentences import sentences
from .shell import Section, write_page
from .verdict.answers import answers, questions
from .verdict.best import best
from .verdict.regimes import unmentioned_axes
from .words import lines as lines_of_words
from .words import words

PAGE = "report.html"


def build(folder: Path) -> Path:
    """Writes `results.csv` and the page of the sweep in `folder`; returns the page's path.

    Raises UserError if `folder` holds no sweep.
    """
    swept = read_sweep(folder)
    write_results(swept)
    found = answers(swept)
    first, others = found[:1], found[1:]
    by = questions(swept)[0].by if first else ()
    return write_page(
        folder / PAGE,
        swept.name,
        typed(swept.question),
        [*of_answers(swept, others), *sections(swept, found)],
        template="sweep",
        answer=first[0].sentences if first else [],
        first=of_answers(swept, first),
        about_regimes=bool(first) and first[0].quantity == "regime at initialisation",
        alike=unmentioned_axes(swept, by),
        others=[sentence for each in others for sentence in each.sentences] + best(swept) * trained(swept),
        counts=_counts(swept),
        trouble=failures(swept),
        diverged=[f"{run.name}: {run.record.error}" for run in swept.runs if run.state == "diverged"],
        lines=lines(swept) if trained(swept) else [],
        sentences=sentences(swept),
        words=words(swept),
        words_lines=lines_of_words(swept),
        remarks=_remarks(swept),
        data=runs_data(swept),
        again=[sweep_command(swept), shlex.join(["unrolled", "report", str(folder)])],
    )


def figures(folder: Path) -> list[Section]:
    """Returns the figures of the sweep in `folder` in the order of its page. Raises UserError if it holds no sweep."""
    swept = read_sweep(folder)
    found = answers(swept)
    return [*of_answers(swept, found), *sections(swept, found)]


def _remarks(swept: Swept) -> list[str]:
    of_tasks = dict.fromkeys(text for run in swept.runs if (text := run.record.remark))
    return [*swept.damage, *of_tasks, *earlier.of_sweep([run.record for run in swept.runs])]


def _counts(swept: Swept) -> str:
    states = [run.state for run in swept.runs]
    parts = [f"{states.count(state)} {state}" for state in (*STATES, "missing") if state in states]
    return f"{len(states)} runs: {', '.join(parts)}"
