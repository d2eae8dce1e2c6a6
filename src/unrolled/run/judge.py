"""The judgement of a trained network: its result, and what that is compared with."""

from collections.abc import Callable
from statistics import median
from typing import Any

import torch

from unrolled.processes.logs import log
from unrolled.rnn.init import stream
from unrolled.tasks.data import Split, baseline_name, timed_score
from unrolled.training.data import Once
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
    """Returns what `status.json` says of a run at its end.

    initialisations: the networks drawn before training, by RNN; empty without a probe.
    metrics: the scores on the validation split after the last update, by name.
    """
    data, scalars, probe = trained.data, observers.scalars, observers.probe
    return {
        "state": "diverged" if ending.diverged else "completed",
        "error": str(ending.diverged) if ending.diverged else None,
        "steps": ending.steps,
        **(gradient_results(probe.first, probe.latest, initialisations) if probe else {}),
        "metrics": metrics,
        "train": _on_training_examples(trained),
        "baseline": trained.baseline,
        "baseline_name": baseline_name(data, trained.module.loss),
        "references": _references(trained),
        "score": trained.monitor,
        "larger_is_better": trained.scores.larger,
        "solved": _solved(observers.solved),
        "roughness": scalars.roughness,
        "seconds_per_update": median(scalars.seconds) if scalars.seconds else None,
        "coverage": trained.vectors.coverage,
        "remark": data.remark,
        "dependency": data.dependency,
    }


def _on_training_examples(trained: Trained) -> dict[str, float]:
    """The scores on examples that were trained on; there are none where every example is new."""
    train = trained.data.train
    if not isinstance(train, Split):
        return {}
    order = torch.randperm(len(train), generator=stream(trained.loaders.seed, "scored"))[:TRAINING_SCORED]
    found = evaluate(trained.module, [train[order]])
    return {name.removeprefix("val/"): value for name, value in found.items()}


def _references(trained: Trained) -> dict[str, dict[str, float | None]]:
    data, module, found = trained.data, trained.module, {}
    names = ["val/loss", *(f"val/{name}" for name in trained.scores.metrics)]
    for name, guess in data.references.items():
        found[name] = _scores_of(name, names, lambda guess=guess: timed_score(guess, data, module.loss))
    for form, split in data.variants.items():
        name = f"this network, {form}"
        found[name] = _scores_of(name, names, lambda split=split: evaluate(module, Once(split)))
    return found


def _scores_of(reference: str, names: list[str], scores: Callable[[], dict[str, float]]) -> dict[str, float | None]:
    """Null for each of `names` where they cannot be had: a run does not lose its own result over a comparison."""
    try:
        return dict(scores())
    except Exception as error:
        first_line = (str(error).splitlines() or [""])[0]
        log.warning(f"no scores of {reference!r}: {type(error).__name__}: {first_line}")
        return dict.fromkeys(names)


def _solved(solved: Solved | None) -> dict[str, Any] | None:
    """From which update on the task counts as solved; null: not within the updates that were made."""
    return None if solved is None else {"score": solved.score, "value": solved.value, "at": solved.at}
