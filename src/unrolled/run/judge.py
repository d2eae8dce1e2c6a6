"""Evaluates a trained network: its result, and the references that it is compared with."""

from collections.abc import Callable
from statistics import median
from typing import Any

import torch

from unrolled.errors import in_words
from unrolled.processes.logs import announce, log, working
from unrolled.record.entries import Result, SolvedEntry
from unrolled.record.reach import kept
from unrolled.rnn.init import stream
from unrolled.tasks.data import Split, baseline_name, timed_score
from unrolled.training.data import VALIDATION_BATCH, Once
from unrolled.training.initialisations import Initialisations
from unrolled.training.module import evaluate
from unrolled.training.solved import Solved

from .components import Observers, Trained
from .fit import Ending
from .outcome import gradient_results

TRAINING_SCORED = 1000  # training examples on which the trained network is scored


def judge(
    trained: Trained,
    observers: Observers,
    initialisations: dict[str, Initialisations],
    metrics: dict[str, float],
    ending: Ending,
) -> dict[str, Any]:
    """Returns the entries of `status.json` about the result of a run.

    initialisations: networks drawn before training, by RNN; empty without a probe.
    metrics: validation scores after the last update, by name.
    ending: number of updates, and whether the training diverged.
    """
    data, scalars, probe = trained.data, observers.scalars, observers.probe
    result = Result(
        state="diverged" if ending.diverged else "completed",
        error=str(ending.diverged) if ending.diverged else None,
        steps=ending.steps,
        metrics=metrics,
        train=_on_training_examples(trained),
        baseline=trained.baseline,
        baseline_name=baseline_name(data, trained.module.loss),
        references=_references(trained),
        halves_of_validation=_on_halves(trained),
        score=trained.monitor,
        larger_is_better=trained.scores.larger,
        solved=_solved(observers.solved),
        roughness=scalars.roughness,
        seconds_per_update=median(scalars.seconds) if scalars.seconds else None,
        coverage=trained.vectors.coverage,
        remark=data.remark,
        dependency=data.dependency,
        needs=kept(data.needs),
    )
    return {**result, **(gradient_results(probe.first, probe.latest, initialisations) if probe else {})}


def _on_training_examples(trained: Trained) -> dict[str, float]:
    """Returns the scores on a sample of the training examples; {} if examples are generated and never repeat."""
    train = trained.data.train
    if not isinstance(train, Split):
        return {}
    order = torch.randperm(len(train), generator=stream(trained.loaders.seed, "scored"))[:TRAINING_SCORED]
    found = evaluate(trained.module, [train[order]])
    return {name.removeprefix("val/"): value for name, value in found.items()}


def _on_halves(trained: Trained) -> dict[str, dict[str, float]]:
    """Returns the scores on two halves of the validation split: one can choose among runs, the other score the choice.

    {} if there are fewer than two examples for each half.
    """
    split = trained.data.val
    rows = {name: torch.arange(first, len(split), 2) for first, name in enumerate(("even", "odd"))}
    if min(map(len, rows.values())) < 2:
        return {}
    return {
        name: evaluate(trained.module, [split[part] for part in each.split(VALIDATION_BATCH)])
        for name, each in rows.items()
    }


def _references(trained: Trained) -> dict[str, dict[str, float | None]]:
    data, module, found = trained.data, trained.module, {}
    names = ["val/loss", *(f"val/{name}" for name in trained.scores.metrics)]
    with working("scoring the baselines"):
        for name, guess in data.references.items():
            found[name] = _scores_of(name, names, lambda guess=guess: timed_score(guess, data, module.loss))
        for form, split in data.variants.items():
            announce(f"scoring the network with {form}")
            name = f"this network, {form}"
            found[name] = _scores_of(name, names, lambda split=split: evaluate(module, Once(split)))
    return found


def _scores_of(reference: str, names: list[str], scores: Callable[[], dict[str, float]]) -> dict[str, float | None]:
    """Returns the scores of a reference. After an error all `names` are None: the run keeps its own result."""
    try:
        return dict(scores())
    except Exception as error:
        log.warning(f"no scores of {reference!r}: {in_words(error)}")
        return dict.fromkeys(names)


def _solved(solved: Solved | None) -> SolvedEntry | None:
    """Returns the criterion of a solved task, with the update `at` which it was met; `at` is None if it never was."""
    return None if solved is None else SolvedEntry(score=solved.score, value=solved.value, at=solved.at)
