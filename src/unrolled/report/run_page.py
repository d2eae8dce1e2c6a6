"""Writes `report.html` of one run, from its folder alone."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from unrolled.config.environment import concealed_by_record
from unrolled.errors import UserError
from unrolled.record import earlier, status
from unrolled.record.checked import Numbers
from unrolled.record.moments import Moment
from unrolled.record.parts import suffixes
from unrolled.record.reach import needed, reach_lines
from unrolled.record.run_record import RunRecord
from unrolled.record.successor import unfinished_resume
from unrolled.record.words import gradient_lines

from . import portrait_figures as portraits
from . import run_figures as figures
from .chain import PALEST, THICKEST, THINNEST
from .chain_data import chain_data
from .first_pass import answered, answers, first_pass
from .linked_words import typed
from .runs import run_command
from .shell import Section, write_page
from .states_figure import states_apart

if TYPE_CHECKING:
    from unrolled.inspection.predict import Prediction

PAGE = "report.html"
EXAMPLES = 6


def build_run(folder: Path, *, trust: bool = False) -> Path:
    """Writes the page of the run in `folder`, finished or not; returns its path.

    trust: whether the Python file of an own task, which the record names, may be executed for the sentences.
    Raises UserError if `folder` holds no run, or a record that cannot be read.
    """
    record = _read(folder)
    attributions, silent = _attributions(folder, trust)
    return write_page(
        folder / PAGE,
        record.name or folder.name,
        _lead(record),
        _sections(folder, record),
        template="run",
        chain=chain_data(folder, record),
        first_pass=first_pass(folder),
        thinnest=THINNEST,
        thickest=THICKEST,
        palest=PALEST,
        scores=_scores(record),
        names=list(record.metrics),
        gradients=[*gradient_lines(record), *reach_lines(record)],
        attributions=attributions,
        silent=silent,
        again=_commands(folder),
    )


def figures_of_run(folder: Path) -> list[Section]:
    """Returns the figures of the run in `folder` in the order of its page. Raises UserError as `build_run` does."""
    return _sections(folder, _read(folder))


def _read(folder: Path) -> RunRecord:
    record = RunRecord.read(folder)
    if not record.kept and status.unreadable(folder):
        raise UserError(f"{folder / status.FILE} cannot be read: it is empty or cut short")
    if record.foreign:
        raise UserError(f"{folder} holds neither a run nor a sweep")
    return record


def _commands(folder: Path) -> list[str]:
    """Returns the command that makes the run, if Hydra has recorded it, and those that look at it."""
    made = [run_command(folder)] if (folder / ".hydra" / "overrides.yaml").is_file() else []
    return [*made, *(shlex.join(["unrolled", command, str(folder)]) for command in ("report", "diagnose"))]


def _lead(record: RunRecord) -> Markup:
    regime, ending = _regime(record), _ending(record)
    return Markup("{} {}{}.").format(regime, ending[0].upper(), ending[1:]) if regime else ending


def _regime(record: RunRecord) -> str:
    """Returns the regime of the trained network in a sentence; "" if it has none."""
    sentence = (record.end.explanation or "").partition(". ")[0].rstrip(".")
    if record.end.regime is None or not sentence:
        return ""
    return f"{record.end.regime.capitalize()}: {sentence[0].lower()}{sentence[1:]}."


def _ending(record: RunRecord) -> Markup:
    updates = "update" if record.steps == 1 else "updates"
    after = f" after {record.steps} {updates}" if record.steps is not None else ""
    ended = escape(f"{record.state or 'unknown'}{after}") + (Markup(": ") + typed(record.error) if record.error else "")
    return Markup("; ").join(filter(None, [ended, unfinished_resume(record), *earlier.of_run(record)]))


def _scores(record: RunRecord) -> dict[str, Numbers]:
    """Returns the scores of the run, the trivial baseline and the references; empty if the run has no score."""
    if record.score is None:
        return {}
    return {"this run": record.metrics, record.baseline_name: record.baseline, **record.references}


def _sections(folder: Path, record: RunRecord) -> list[Section]:
    parts = suffixes(record.parts)
    found = [
        Section(
            "Answers to the example",
            "The shares of the classes for the example above, after each update.",
            answers(folder),
            answered(folder),
        ),
        Section(
            "Loss and score",
            "Training loss is the mean since the row before; the dashed line is the trivial baseline.",
            figures.learning(folder, record),
        ),
        *(
            Section(
                f"Profile over training{f': {name}' if name else ''}",
                "How the gradient shrinks or grows on its way back, in float64 log space: nothing is flushed to 0. "
                "The slider goes through the probed training steps.",
                figures.profile_over_training(folder, suffix, [] if record.halves else needed(record)),
            )
            for name, suffix in parts.items()
        ),
        Section("Slope over training", "Above 0 the gradient grows with the lag.", figures.slopes(folder)),
        Section(
            "Gradients of h_t and of c_t",
            "As training itself has them. dL/dc_t is that of the c_t which is handed on to the next time step.",
            states_apart(folder),
        ),
        Section(
            "Heat map",
            "The norm of dL/dh_t as training itself has it; further right is further back in time.",
            figures.heat_map(folder, record.later_parts),
        ),
        *(
            Section(
                f"Where dL/dW_h comes from{f': {name}' if name else ''}",
                "The sum over all time steps is what the optimizer gets; their parts can cancel.",
                figures.weights_by_time(folder, suffix),
            )
            for name, suffix in parts.items()
        ),
        *(
            section
            for file in sorted((folder / "portraits").glob("*.json"), reverse=True)
            for section in _portrait(file)
        ),
    ]
    return [section for section in found if section.figure is not None]


def _portrait(file: Path) -> list[Section]:
    evidence = json.loads(file.read_text(encoding="utf-8"))
    if evidence["portrait"] is None:
        return []
    when, _, part = file.stem.partition("_")
    end = {"start": "before training", "end": "at the end"}[when] + (f", {part}" if part else "")
    return [
        Section(
            f"Singular values {end}", Moment.from_dict(evidence).explanation or "", portraits.singular_values(evidence)
        ),
        Section(
            f"Gradient cone {end}",
            "Along a row a gradient goes back from step s; without the cone each step's fresh gradient hides it.",
            portraits.cone(evidence),
        ),
        Section(
            f"Spectra {end}",
            evidence["portrait"]["no_exponents"]
            or "Above 0 a small change grows; an exponent of -inf is not drawn, nor one that rounding lost.",
            portraits.spectra(evidence),
        ),
    ]


def _attributions(folder: Path, trust: bool) -> tuple[list[dict[str, Any]], str]:
    """Returns validation sentences with each word's share of the gradient, and why there are none.

    Both are empty if the task does not classify texts. The reason is a checkpoint or data that cannot be read.
    """
    from unrolled.inspection.predict import examples  # imports torch, which a sweep's page does not need

    try:
        return [_attribution(*pair) for pair in examples(folder, EXAMPLES, trust=trust)], ""
    except UserError as error:
        return [], concealed_by_record(str(error), folder / ".hydra" / "config.yaml")


def _attribution(prediction: "Prediction", label: str) -> dict[str, Any]:
    total = float(prediction.dx.sum()) or 1.0
    shares = [float(value) / total for value in prediction.dx]
    largest = max(shares) or 1.0
    probabilities = dict(zip(prediction.classes, prediction.shares[-1].tolist(), strict=True))
    return {
        "words": list(zip(prediction.words, shares, [share / largest for share in shares], strict=True)),
        "label": label,
        "predicted": max(probabilities, key=lambda name: probabilities[name]),
        "probability": max(probabilities.values()),
    }
