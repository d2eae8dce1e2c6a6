"""`report.html` of one run, from its folder alone."""

import json
from pathlib import Path
from typing import Any

from unrolled.errors import UserError
from unrolled.predict import Prediction, examples
from unrolled.tracking import status
from unrolled.tracking.summary import gradient_lines

from . import portrait_figures as portraits
from . import run_figures as figures
from .shell import Section, write_page

PAGE = "report.html"
EXAMPLES = 6


def build_run(folder: Path) -> Path:
    """Writes the page of a run that has ended; returns its path. Raises UserError for another folder."""
    told = status.read(folder)
    if told.get("state") not in status.RESULTS:
        raise UserError(f"{folder} holds no run with a result (its state: {told.get('state') or 'none'})")
    return write_page(
        folder / PAGE,
        told["name"],
        f"{told['state']} after {told['steps']} updates" + (f": {told['error']}" if told.get("error") else ""),
        _sections(folder, told),
        template="run",
        scores=_scores(told),
        names=list(told["metrics"]),
        gradients=gradient_lines(told),
        attributions=_attributions(folder),
        folder=folder,
    )


def _scores(told: dict[str, Any]) -> dict[str, dict[str, float | None]]:
    return {"this run": told["metrics"], told["baseline_name"]: told["baseline"], **told["references"]}


def _sections(folder: Path, told: dict[str, Any]) -> list[Section]:
    halves = {name: "_decoder" if name == "decoder" else "" for name in told.get("halves", {"": {}})}
    found = [
        Section(
            "Loss and score",
            "Training loss is the mean since the row before; the dashed line is the trivial baseline.",
            figures.learning(folder, told),
        ),
        *(
            Section(
                f"Profile over training{f': {name}' if name else ''}",
                "How the gradient shrinks or grows on its way back, in float64 log space: nothing is flushed to 0. "
                "The slider goes through the probed training steps.",
                figures.profile_over_training(folder, suffix),
            )
            for name, suffix in halves.items()
        ),
        Section("Slope over training", "Above 0 the gradient grows with the lag.", figures.slopes(folder)),
        Section(
            "Heat map",
            "The norm of dL/dh_t as training itself has it.",
            figures.heat_map(folder, told.get("seam")),
        ),
        *(
            Section(
                f"Where dL/dW_h comes from{f': {name}' if name else ''}",
                "The sum over all time steps is what the optimizer gets; their parts can cancel.",
                figures.weights_by_time(folder, suffix),
            )
            for name, suffix in halves.items()
        ),
        *(
            section
            for file in sorted((folder / "portraits").glob("*.json"), reverse=True)
            for section in _portrait(file)
        ),
    ]
    return [section for section in found if section.figure is not None]


def _portrait(file: Path) -> list[Section]:
    told = json.loads(file.read_text(encoding="utf-8"))
    if told["portrait"] is None:
        return []
    when, _, part = file.stem.partition("_")
    end = {"start": "before training", "end": "at the end"}[when] + (f", {part}" if part else "")
    return [
        Section(f"Singular values {end}", told["explanation"], portraits.singular_values(told)),
        Section(
            f"Gradient cone {end}",
            "Along a row a gradient goes back from step s; without the cone each step's fresh gradient hides it.",
            portraits.cone(told),
        ),
        Section(
            f"Spectra {end}",
            told["portrait"]["no_exponents"] or "An exponent above 0 means that a small change grows.",
            portraits.spectra(told),
        ),
    ]


def _attributions(folder: Path) -> list[dict[str, Any]]:
    """Validation sentences, each word with its share of the gradient; none where no text is classified."""
    return [_attribution(*pair) for pair in examples(folder, EXAMPLES)]


def _attribution(told: Prediction, label: str) -> dict[str, Any]:
    total = float(told.dx.sum()) or 1.0
    shares = [float(value) / total for value in told.dx]
    said = dict(zip(told.classes, told.shares[-1].tolist(), strict=True))
    return {
        "words": list(zip(told.words, shares, [share / max(shares) for share in shares], strict=True)),
        "label": label,
        "said": max(said, key=lambda name: said[name]),
        "probability": max(said.values()),
    }
