"""The runs of a sweep: their numbers and folders, and which of them still have to be executed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from unrolled.config.identity import name_of
from unrolled.errors import UserError
from unrolled.record import ends, ownership, status
from unrolled.record.lock import WAIT_S, check_idle
from unrolled.record.plan import RESUME, Planned
from unrolled.record.superseded import supersede
from unrolled.record.trained_on import changed_since_sweep


def assign(known: Sequence[Planned], wanted: Sequence[tuple[dict[str, Any], str]]) -> list[Planned]:
    """Assigns each wanted run the number of the known run of equal configuration, or the next free one.

    known: the runs of the sweep's folder.
    wanted: (axes, fingerprint) of each run.
    Raises UserError if the axes differ from the known ones, or if equal axes now have another fingerprint.
    """
    left: dict[str, list[Planned]] = {}
    for run in known:
        left.setdefault(run.fingerprint, []).append(run)
    by_axes = {json.dumps(run.axes): run for run in known}
    following, found = 1 + max((run.number for run in known), default=-1), []
    for axes, fingerprint in wanted:
        if known and list(axes) != list(known[0].axes):
            swept, now = ", ".join(known[0].axes), ", ".join(axes)
            raise UserError(f"sweep.resume: this folder swept {swept}, now it is {now}: only values can be added")
        same = left.get(fingerprint)
        if same:
            found.append(same.pop(0))
            continue
        changed = by_axes.get(json.dumps(axes))
        if changed is not None and changed.fingerprint != fingerprint:
            raise UserError(
                f"sweep.resume: the configuration of run {changed.number} ({name_of(axes)}) is not what it was "
                "(a default or an override has changed): start another sweep"
            )
        found.append(Planned(following, axes, fingerprint))
        following += 1
    return found


def check_data(folder: Path) -> None:
    """Raises UserError if a file is not what a run of the sweep in `folder` was trained on."""
    if line := changed_since_sweep(folder):
        raise UserError(f"sweep.resume: {line}: start another sweep")


def equal_runs(runs: Sequence[Planned]) -> str | None:
    """Returns a line on runs that differ in nothing that affects their numbers; None: there are none."""
    first: dict[str, Planned] = {}
    pairs = [(each, before) for each in runs if (before := first.setdefault(each.fingerprint, each)) is not each]
    if not pairs:
        return None
    run, before = pairs[0]
    example = f"run {run.number} ({name_of(run.axes)}) as run {before.number} ({name_of(before.axes)})"
    return f"{len(pairs)} of {len(runs)} runs repeat another one's numbers, {example}: each is run all the same"


def unfinished(folder: Path, runs: Sequence[Planned]) -> list[Planned]:
    """Returns the runs without a result."""
    return [run for run in runs if not ends.read(folder / str(run.number)).has_result]


def clear(folder: Path, runs: Sequence[Planned]) -> None:
    """Prepares the folders of known runs for another start; removes the files of those that cannot be resumed.

    folder: the sweep's.
    runs: the known runs to be started again.
    W&B runs of removed runs are marked as superseded, so that they are never uploaded. Files of other origin stay.
    Raises UserError if a run is still alive.
    """
    for planned in runs:
        run = folder / str(planned.number)
        check_idle(run, WAIT_S)
        ends.forget(run)
        if not resumable(run):
            for replaced in ownership.wandb_runs(run, folder):
                supersede(replaced)
            ownership.remove_run(run, ownership.of_run(run) or ownership.FIRST_RUN)


@dataclass(frozen=True)
class Trial:
    """A run of a sweep that is to be executed now.

    number: the name of its folder.
    ranks: processes on each machine.
    nodes: machines.
    on_gpu: whether each process needs a GPU.
    """

    number: int
    overrides: list[str]
    ranks: int = 1
    nodes: int = 1
    on_gpu: bool = False


def runnable(folder: Path, trial: Trial) -> Trial | None:
    """Returns the trial with `resume=true` if it has a checkpoint and without if not; None if it has a result.

    folder: the sweep's.
    """
    run = folder / str(trial.number)
    if ends.read(run).has_result:
        return None
    overrides = [word for word in trial.overrides if word != RESUME]
    return replace(trial, overrides=[*overrides, RESUME] if resumable(run) else overrides)


def resumable(run: Path) -> bool:
    """Returns whether the run in this folder has a checkpoint to resume from."""
    return bool(status.read(run)) and (run / "checkpoints" / "last.ckpt").is_file()
