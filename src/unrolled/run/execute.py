"""Executes a run in order: initialisations, portraits, training, evaluation."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from unrolled.config.identity import RunIdentity
from unrolled.config.schema import Config
from unrolled.errors import UserError
from unrolled.inspection.predictions import predictions, write
from unrolled.processes.ranks import Rank
from unrolled.processes.signals import shielded
from unrolled.record.files import replacing
from unrolled.record.tables import PREDICTIONS
from unrolled.training.checkpoints import BEST, LAST
from unrolled.training.diagnoses import portraits_of
from unrolled.training.distributed import from_the_leader
from unrolled.training.initialisations import Initialisations, draw_initialisations
from unrolled.training.module import evaluate, to_device
from unrolled.wandb_runs.tracker import Tracker

from .components import Observers, Trained, assemble, observe
from .fit import fit
from .judge import judge
from .outcome import for_summary
from .profiles import write_words


def execute(
    config: Config,
    identity: RunIdentity,
    tracker: Tracker,
    *,
    recorded: dict[str, Any] | None,
    rank: Rank,
    admitted: Callable[[dict[str, Any]], str] | None = None,
) -> dict[str, Any]:
    """Trains and evaluates one network. Returns the entries of `status.json` about its result.

    The leading rank alone evaluates. The others train on their part of each batch and return {}.

    config: as checkpoints store it.
    identity: folder and name of the run.
    recorded: recorder state of the checkpoint to resume from; None: a start from step 0.
    admitted: returns why the run may not be trained on its data, "" if it may; called on the leading rank.
    Raises UserError on all ranks if it may not.
    """
    resumed = recorded is not None
    trained = assemble(config, rank)
    if why := from_the_leader(rank, admitted(trained.known) if admitted and trained.known else ""):
        raise UserError(why)
    observers = observe(config, trained, identity.folder, tracker, recorded=recorded, rank=rank)
    train = partial(fit, config, trained, observers, identity.folder, resumed=resumed)
    if not rank.leads:
        train()
        return {}
    draw = partial(_portraits, config, trained, observers, identity.name)
    try:
        pairs = trained.pairs()
        initialisations = _initialisations(config, trained) if observers.probe is not None else {}
        if not resumed:
            observers.recorder.initialisations(initialisations)
            draw("start")
        ending = train()
        trained.module.to(trained.probe_batch.x.device)  # Lightning leaves it on the CPU
        if observers.probe is not None:
            observers.probe.last(ending.steps, trained.module, trained.probe_batch)
            draw("end")
        metrics = _validate(trained, observers, ending.steps)
        write_words(identity.folder, pairs, trained.pairs())
        if not ending.diverged:
            _predictions(trained, identity.folder)
        result = judge(trained, observers, initialisations, metrics, ending)
        tracker.summary({**metrics, **for_summary(result)})
        return result
    finally:
        with shielded():
            observers.recorder.close()


def _initialisations(config: Config, trained: Trained) -> dict[str, Initialisations]:
    batch = to_device(trained.probe_batch, "cpu")
    return draw_initialisations(config, trained.data.spec, trained.module.loss, batch, trained.vectors)


def _portraits(config: Config, trained: Trained, observers: Observers, title: str, when: str) -> None:
    if config.probe.name == "full":
        module = trained.module
        found = portraits_of(module.network, module.loss, to_device(trained.probe_batch, module.device))
        observers.recorder.portraits(when, title, found)


def _predictions(trained: Trained, folder: Path) -> None:
    """Writes the predictions for the validation part of a user's own file, by the weights that are scored."""
    data = trained.data
    if data.places is not None:
        write(folder / PREDICTIONS, predictions(trained.module, data, data.val, data.places))


def _validate(trained: Trained, observers: Observers, steps: int) -> dict[str, float]:
    """Returns and records the scores after the last update. If they are the best, `last.ckpt` becomes `best.ckpt`."""
    metrics = evaluate(trained.module, trained.loaders.val_dataloader())
    observers.recorder.row(steps, metrics)
    value, best = metrics[trained.monitor], observers.best.best_model_score
    if best is None or (value > best if trained.scores.larger else value < best):
        folder = observers.checkpoints.folder
        with replacing(folder / BEST) as draft:
            shutil.copyfile(folder / LAST, draft)
    return metrics
