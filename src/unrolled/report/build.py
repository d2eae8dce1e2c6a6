"""`results.csv` and `report.html` of a sweep, from its folder alone."""

import shlex
from pathlib import Path

from unrolled.sweeps.results import Swept, failures, read_sweep, write_results
from unrolled.tracking.status import STATES

from . import by_time, critical_line, figures, learning, solving, solving_figures, theory
from .answers import answers, lines
from .cells import cells_data, sweep_command
from .clauses import clauses, held_alike
from .gather import trained
from .sentences import sentences
from .shell import Section, write_page
from .survival import LEAST
from .words import words

PAGE = "report.html"


def build(folder: Path) -> Path:
    """Writes both; returns the page's path. Raises UserError where `folder` holds no sweep."""
    swept = read_sweep(folder)
    write_results(swept)
    return write_page(
        folder / PAGE,
        swept.name,
        swept.question,
        _sections(swept),
        template="sweep",
        clauses=clauses(swept),
        alike=held_alike(swept),
        counts=_counts(swept),
        trouble=failures(swept),
        diverged=[f"{cell.name}: {cell.status.get('error')}" for cell in swept.cells if cell.state == "diverged"],
        answers=answers(swept) if trained(swept) else critical_line.distance(swept),
        lines=lines(swept) if trained(swept) else [],
        sentences=sentences(swept),
        words=words(swept),
        remarks=list(dict.fromkeys(text for cell in swept.cells if (text := cell.status.get("remark")))),
        data=cells_data(swept),
        again=[sweep_command(swept), shlex.join(["unrolled", "report", str(folder)])],
    )


def _sections(swept: Swept) -> list[Section]:
    """The figures that this sweep has something to show in."""
    lags = "Lag counts real steps back from the read-out; a lag with fewer than 10 samples behind it is not drawn."
    born = any(cell.status.get("births", {}).get("slopes") for cell in swept.cells)
    cleared = born and any(cell.status.get("slope") is not None for cell in swept.cells)
    learned = trained(swept)
    found = [
        (
            "Phase diagram",
            "The mean slope at birth of each cell. Where its sign changes, a gradient neither vanishes nor explodes.",
            critical_line.phase_diagram(swept),
            critical_line.distance(swept),
        ),
        (
            "How many updates it takes",
            f"{solving.DEFINITION} The curve is Kaplan and Meier's, the band a pointwise 95 % interval, drawn from "
            f"{LEAST} runs on. A cross is a run that had not solved it when its updates ended, or when it diverged.",
            solving_figures.by_configuration(swept) if learned else None,
            solving.solving(swept),
        ),
        (
            "Updates against slope x lag",
            "The same runs by the factor by which a gradient changes, at step 0, between the answer and the earliest "
            "step that the answer needs: exp(slope x lag), with the mean lag of the samples.",
            solving_figures.by_change(swept) if learned else None,
            solving.against_change(swept),
        ),
        (
            "Scores",
            "Every run; the upright bar is the trivial baseline. Training scores are of examples that were trained on.",
            learning.scores(swept) if learned else None,
        ),
        (
            "What it cost",
            "Time of the updates alone, on one core. A network reads word after word; a bag of words does not.",
            learning.cost(swept) if learned else None,
        ),
        (
            "Profiles at birth",
            f"Before any training: median over births, band = the middle 80 % of them. {lags}",
            figures.profiles_at_birth(swept) if born else None,
            figures.not_drawn(swept),
        ),
        (
            "Profiles after training",
            "The same networks' configurations at the last probe, on the same validation examples. Those that diverged "
            "are left out.",
            figures.profiles_after_training(swept) if cleared and learned else None,
            figures.not_drawn(swept),
        ),
        (
            "From birth to now",
            "Training moves the slope: a trained network's slope says nothing about its initialisation's. Networks "
            "that diverged are left out.",
            figures.arrows(swept) if cleared and learned else None,
        ),
        (
            "Theory beside measurement",
            "A mark per cell and predictor; on the line, a prediction is right. R^2 compares the numbers as they are, "
            "without a fit. Mean field takes from W_h, b and W_x x nothing but their variances. Measured chi also "
            "knows the f' that there were; the Lyapunov exponent every Jacobian.",
            theory.scatter(swept),
            theory.agreement(swept),
        ),
        (
            "Profiles by time step",
            "Of networks whose loss reads every state, at the last probe: what training sees. Each step has a fresh "
            "gradient of its own, which hides whether the older ones vanish; the slopes above are by lag, from the "
            "gradient cone, where each step's own loss is followed by itself.",
            by_time.profiles_by_time(swept),
            by_time.not_drawn(swept),
        ),
    ]
    return [
        Section(title, note, figure, told[0] if told else ())
        for title, note, figure, *told in found
        if figure is not None
    ]


def _counts(swept: Swept) -> str:
    states = [cell.state for cell in swept.cells]
    parts = [f"{states.count(state)} {state}" for state in (*STATES, "missing") if state in states]
    return f"{len(states)} cells: {', '.join(parts)}"
