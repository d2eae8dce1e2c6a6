"""Writes `results.csv` and `report.html` of a sweep, from its folder alone."""

import shlex
from pathlib import Path

from unrolled.record import earlier
from unrolled.record.results import Swept, failures, read_sweep, write_results
from unrolled.record.status import STATES

from . import critical_line
from .answers import answers, lines
from .clauses import clauses, unmentioned_axes
from .configurations import trained
from .runs import runs_data, sweep_command
from .sections import sections
from .sentences import sentences
from .shell import write_page
from .words import words

PAGE = "report.html"


def build(folder: Path) -> Path:
    """Writes `results.csv` and the page of the sweep in `folder`; returns the page's path.

    Raises UserError if `folder` holds no sweep.
    """
    swept = read_sweep(folder)
    write_results(swept)
    return write_page(
        folder / PAGE,
        swept.name,
        swept.question,
        sections(swept),
        template="sweep",
        clauses=clauses(swept),
        alike=unmentioned_axes(swept),
        counts=_counts(swept),
        trouble=failures(swept),
        diverged=[f"{run.name}: {run.record.error}" for run in swept.runs if run.state == "diverged"],
        answers=answers(swept) if trained(swept) else critical_line.distance(swept),
        lines=lines(swept) if trained(swept) else [],
        sentences=sentences(swept),
        words=words(swept),
        remarks=_remarks(swept),
        data=runs_data(swept),
        again=[sweep_command(swept), shlex.join(["unrolled", "report", str(folder)])],
    )


def _remarks(swept: Swept) -> list[str]:
    of_tasks = dict.fromkeys(text for run in swept.runs if (text := run.record.remark))
    return [*swept.damage, *of_tasks, *earlier.of_sweep([run.record for run in swept.runs])]


def _counts(swept: Swept) -> str:
    states = [run.state for run in swept.runs]
    parts = [f"{states.count(state)} {state}" for state in (*STATES, "missing") if state in states]
    return f"{len(states)} runs: {', '.join(parts)}"
