"""What a sweep's page answers first: each quantity that `sweep.answer` names, in sentences and a figure."""

from collections.abc import Callable, Sequence
from functools import partial

import plotly.graph_objects as go

from unrolled.config.answer import SLOPE, Asked, asked
from unrolled.errors import UserError
from unrolled.record.results import Swept

from .. import critical_line, learning, profile_figures, solving, solving_figures
from ..configurations import trained
from ..gather import varied
from . import baselines, numbers, rank, reach, reach_figure, seconds, solved, updates, why
from . import figures as drawn
from .change import changes
from .comparison import Measured, compared
from .horizon import horizons
from .regimes import at_initialisation
from .statement import Answer, Sentence, whole
from .training import beside_training

Keys = Sequence[str]
CIRCLES = "A circle is a run; the line joins the means."


def answers(swept: Swept) -> list[Answer]:
    """Returns an answer for each quantity that the sweep asks for and has data of; the first is the headline."""
    found = (MAKERS[each.quantity](swept, each.by) for each in questions(swept))
    return [each for each in found if each.sentences]


def spoken(swept: Swept) -> list[str]:
    """Returns what a terminal prints at the end of a sweep: the question, the first answer, the others' headlines."""
    found = answers(swept)
    first = found[0].lines if found else []
    others = [line for each in found[1:] for line in (each.lines if each.quantity == "why" else each.lines[:1])]
    return [*([swept.question] if swept.question else []), *first, *others]


def questions(swept: Swept) -> list[Asked]:
    """Returns what the sweep asks for; without `sweep.answer`, the regimes, and scores or solved runs by its axes."""
    try:
        known = asked(swept.answer)
    except UserError:  # the record of a later version
        known = []
    return known or _usual(swept)


def _usual(swept: Swept) -> list[Asked]:
    every = tuple(key for key in varied(swept) if len(swept.axes[key]) > 1)
    found = [Asked("regime at initialisation")]
    if trained(swept):
        solvable = any(solving.solving_time(run) for run in swept.runs)
        same = numbers.score(swept) is not None
        found.append(Asked("share solved" if solvable else "score" if same else "baselines", every))
    return found


def _axes(swept: Swept, by: Keys) -> list[str]:
    """Returns the axes of a comparison; without any, the first that varies."""
    return list(by) or [key for key in varied(swept) if len(swept.axes[key]) > 1][:1] or list(varied(swept))[:1]


def _regimes(swept: Swept, by: Keys) -> Answer:
    sentence = at_initialisation(swept, by)
    note = "Before any training. A line's name stands at its end; the band is the middle 80 % of the networks drawn."
    draw = partial(profile_figures.profiles_at_initialisation, swept)
    lines = [sentence] if sentence else []
    return Answer(
        "regime at initialisation", lines, "Profiles at initialisation", note, draw, partial(_left_out, swept)
    )


def _left_out(swept: Swept) -> list[str]:
    return [*profile_figures.initialisations_drawn(swept), *profile_figures.not_drawn(swept)]


def _why(swept: Swept, by: Keys) -> Answer:
    return Answer("why", [line for key in _axes(swept, by)[:1] for line in why.why(swept, key)])


def _compared(quantity: str, find: Callable[[Swept], Sequence[Measured]], title: str, swept: Swept, by: Keys) -> Answer:
    measured = find(swept)
    if not measured:
        return Answer(quantity, [])
    if list(by) == [SLOPE]:
        return _along_slope(quantity, swept, measured[0])
    keys = _axes(swept, by)
    lines = [line for key in keys for each in measured for line in compared(swept, key, each)]
    draw = partial(drawn.by_axis, swept, keys[0], measured) if keys else None
    return Answer(quantity, lines, title, CIRCLES, draw)


def _along_slope(quantity: str, swept: Swept, measured: Measured) -> Answer:
    note = "A mark is a run."
    draw = partial(drawn.against_slope, swept, measured)
    return Answer(quantity, rank.with_slope(swept, measured), "Score against the slope at step 0", note, draw)


def _score(swept: Swept) -> list[Measured]:
    return [each for each in (numbers.score(swept),) if each is not None]


def _training(swept: Swept, by: Keys) -> Answer:
    measured = [each for each in (numbers.training_score(swept), numbers.score(swept)) if each is not None]
    keys = _axes(swept, by)
    lines = [line for key in keys for line in beside_training(swept, key)]
    draw = partial(drawn.by_axis, swept, keys[0], measured) if keys and lines else None
    return Answer("training score", lines, "Training and validation", CIRCLES, draw)


def _change(swept: Swept, by: Keys) -> Answer:
    keys = _axes(swept, by)
    lines = [line for key in keys for line in changes(swept, key)]
    draw = partial(drawn.by_axis, swept, keys[0], [numbers.CHANGE]) if keys and lines else None
    return Answer("change of slope", lines, "Change of the slope", CIRCLES, draw)


def _share_solved(swept: Swept, by: Keys) -> Answer:
    note = f"With Wilson's 95 % interval. {solving.DEFINITION}"
    if list(by) == [SLOPE]:
        return Answer("share solved", solved.solved_by_regime(swept), "", note)
    keys = _axes(swept, by)
    if not keys:
        return Answer("share solved", [])
    lines = [line for key in keys for line in solved.solved_by_axis(swept, key)]
    return Answer(
        "share solved", lines, "Runs that solved the task", note, partial(drawn.share_by_axis, swept, keys[0])
    )


def _updates(swept: Swept, by: Keys) -> Answer:
    draw: Callable[[Swept], go.Figure | None]
    below: Callable[[Swept], list[str]]
    if list(by) == [SLOPE]:
        lines, draw, below = updates.by_change(swept), solving_figures.by_change, solving.against_change
    else:
        lines = [*updates.totals(swept), *updates.extremes(swept)]
        draw, below = solving_figures.by_configuration, solving.solving
    note = "The share of runs that have not solved the task yet (Kaplan and Meier's curve)."
    return Answer("updates", lines, "How many updates it takes", note, partial(draw, swept), partial(below, swept))


def _baselines(swept: Swept, by: Keys) -> Answer:
    keys = _axes(swept, by)[:1]
    lines = [line for key in keys for line in baselines.beside_baselines(swept, key)]
    draw = partial(drawn.beside_baselines, [each for key in keys for each in baselines.beside(swept, key)])
    return Answer("baselines", lines, "Scores beside baselines", "Panels of one score share its scale.", draw)


def _seconds(swept: Swept, by: Keys) -> Answer:
    lines = [line for key in _axes(swept, by)[:1] for line in seconds.seconds_by(swept, key)]
    note = "Time of the updates alone, on one core."
    return Answer("seconds", lines, "What it costs", note, partial(learning.cost, swept))


def _horizon(swept: Swept, by: Keys) -> Answer:
    return Answer("horizon", [line for key in _axes(swept, by)[:1] for line in horizons(swept, key)])


def _reach(swept: Swept, _: Keys) -> Answer:
    draw = partial(reach_figure.reach_figure, swept)
    return Answer("reach", reach.reach(swept), "What the data need, and what the gradient reaches", reach.NOTE, draw)


def _critical(swept: Swept, _: Keys) -> Answer:
    lines: list[Sentence] = [
        whole(line.rstrip(".")) for line in (*critical_line.line(swept), *critical_line.distance(swept))
    ]
    note = "The mean slope at initialisation of each configuration. Where its sign changes, a gradient keeps its size."
    return Answer("critical line", lines, "Phase diagram", note, partial(critical_line.phase_diagram, swept))


MAKERS: dict[str, Callable[[Swept, Keys], Answer]] = {
    "regime at initialisation": _regimes,
    "why": _why,
    "change of slope": _change,
    "score": partial(_compared, "score", _score, "Scores"),
    "training score": _training,
    "baselines": _baselines,
    "share solved": _share_solved,
    "updates": _updates,
    "seconds": _seconds,
    "horizon": _horizon,
    "reach": _reach,
    "critical line": _critical,
}
