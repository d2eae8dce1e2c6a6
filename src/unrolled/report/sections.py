"""Sections of a sweep's page, each built by itself: a figure that fails does not stop the others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from unrolled.record.results import Swept

from . import by_time, critical_line, figures, learning, profile_figures, recency, solving, solving_figures, theory
from .configurations import trained
from .shell import Section
from .survival import LEAST
from .verdict.statement import Answer

LAGS = "Lag counts real steps back from the read-out; a lag with fewer than 10 samples behind it is not drawn."


@dataclass(frozen=True)
class Plan:
    """A section before it is drawn.

    figure: draws it; None if the sweep has nothing for it.
    lines: functions that return the sentences below the figure.
    """

    title: str
    note: str
    figure: Callable[[Swept], go.Figure | None]
    lines: Sequence[Callable[[Swept], list[str]]] = ()


def of_answers(swept: Swept, answers: Sequence[Answer]) -> list[Section]:
    """Returns a section for each answer with a figure, without its sentences: they stand at the top of the page."""
    plans = [
        Plan(each.title, each.note, lambda _, draw=each.draw: draw(), [lambda _, below=each.below: below()])
        for each in answers
        if each.draw is not None
    ]
    return [section for plan in plans if (section := _drawn(plan, swept)) is not None]


def sections(swept: Swept, answers: Sequence[Answer] = ()) -> list[Section]:
    """Returns the other sections for which this sweep has data: those whose figures no answer draws."""
    taken = {getattr(each.draw, "func", None) for each in answers}
    plans = [plan for plan in _plans(swept) if plan.figure not in taken]
    return [section for plan in plans if (section := _drawn(plan, swept)) is not None]


def _drawn(plan: Plan, swept: Swept) -> Section | None:
    try:
        figure = plan.figure(swept)
        if figure is None:
            return None
        return Section(plan.title, plan.note, figure, [line for lines in plan.lines for line in lines(swept)])
    except Exception as error:  # a record of another version or a truncated file must not stop the other figures
        why = f"This figure is missing: it could not be drawn ({type(error).__name__}: {error})."
        return Section(plan.title, plan.note, None, [why])


def _plans(swept: Swept) -> list[Plan]:
    drawn = any(run.record.births and run.record.births.slopes for run in swept.runs)
    cleared = drawn and any(run.record.end.slope is not None for run in swept.runs)
    plans = [
        Plan(
            "Phase diagram",
            "The mean slope at initialisation of each configuration. A gradient keeps its size where the sign changes.",
            critical_line.phase_diagram,
            [critical_line.distance],
        )
    ]
    if drawn:
        plans.append(
            Plan(
                "Profiles at initialisation",
                f"Before any training: median over the networks drawn, band = the middle 80 % of them. {LAGS}",
                profile_figures.profiles_at_initialisation,
                [profile_figures.initialisations_drawn, profile_figures.not_drawn],
            )
        )
    plans += _after_training() if cleared and trained(swept) else []
    plans += _of_learning() if trained(swept) else []
    return [*plans, *_of_every_sweep()]


def _of_learning() -> list[Plan]:
    return [
        Plan(
            "How many updates it takes",
            f"{solving.DEFINITION} The curve is Kaplan and Meier's, the band a pointwise 95 % interval, drawn from "
            f"{LEAST} runs on. A cross is a run that had not solved it when its updates ended, or when it diverged.",
            solving_figures.by_configuration,
            [solving.solving],
        ),
        Plan(
            "Updates against slope x lag",
            "The same runs by the factor by which a gradient changes, at step 0, between the answer and the earliest "
            "step that the answer needs: exp(slope x lag), with the mean lag of the samples.",
            solving_figures.by_change,
            [solving.against_change],
        ),
        Plan(
            "Scores",
            "Every run; the upright bar is the trivial baseline. Training scores are of examples that were trained on.",
            learning.scores,
        ),
        Plan(
            "Does a gradient that vanishes make the last words count more?",
            "Each run: how much more accuracy it loses if the last 5 words are hidden than if the first 5 are, by "
            "its slope after training. If vanishing made it rely on the last words, points would fall to the right.",
            recency.against_slope,
            [recency.verdict],
        ),
        Plan(
            "What it cost",
            "Time of the updates alone, on one core. A network reads word after word; a bag of words does not.",
            learning.cost,
        ),
    ]


def _after_training() -> list[Plan]:
    return [
        Plan(
            "Profiles after training",
            "Each run at its last probe, on the same validation examples. Up to five runs of a configuration are drawn "
            "as lines of their own; of more, the median, at the lags that all of them reach. Runs that diverged are "
            "left out.",
            profile_figures.profiles_after_training,
            [profile_figures.not_drawn],
        ),
        Plan(
            "Slope before and after training",
            "From the mean at initialisation to the mean after training. Networks that diverged, or that have no "
            "gradient left, are left out.",
            figures.arrows,
        ),
    ]


def _of_every_sweep() -> list[Plan]:
    return [
        Plan(
            "Theory beside measurement",
            "A mark per run and quantity; on the line, a prediction is right. The RMS difference compares the numbers "
            "as they are, without a fit. Mean field takes from W_h, b and W_x x nothing but their variances. Measured "
            "chi and the Lyapunov exponent are no predictions: they are computed from the f' and the Jacobians of the "
            "same states, and multiply what the slope itself multiplies.",
            theory.scatter,
            [theory.agreement],
        ),
        Plan(
            "Profiles by time step",
            "Of networks whose loss reads every state, at the last probe: what training sees. Each step has a fresh "
            "gradient of its own, which hides whether the older ones vanish; the slopes above are by lag, from the "
            "gradient cone, where each step's own loss is followed by itself.",
            by_time.profiles_by_time,
            [by_time.not_drawn],
        ),
    ]
