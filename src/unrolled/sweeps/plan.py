"""Which cells a sweep has, in which folders, and which of them are still to be run."""

import fcntl
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from unrolled.config.identity import name_of
from unrolled.errors import UserError
from unrolled.record import ends, ownership, status
from unrolled.record.plan import LOG, RESUME, Planned
from unrolled.record.superseded import supersede

WAIT_S = 20  # for a cell whose launcher has died: it notices and ends by itself


def assign(known: Sequence[Planned], wanted: Sequence[tuple[dict[str, Any], str]]) -> list[Planned]:
    """A number for each wanted cell (axes, fingerprint): that of the known cell of the same configuration, or the next.

    Raises UserError where the axes are others, or where a known cell's configuration is another by now.
    """
    left: dict[str, list[Planned]] = {}
    for cell in known:
        left.setdefault(cell.fingerprint, []).append(cell)
    by_axes = {json.dumps(cell.axes): cell for cell in known}
    following, found = 1 + max((cell.number for cell in known), default=-1), []
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
                f"sweep.resume: the configuration of cell {changed.number} ({name_of(axes)}) is not what it was "
                "(a default or an override has changed): start a sweep of its own"
            )
        found.append(Planned(following, axes, fingerprint))
        following += 1
    return found


def unfinished(folder: Path, cells: Sequence[Planned]) -> list[Planned]:
    """Those without a result."""
    return [cell for cell in cells if not ends.read(folder / str(cell.number)).has_result]


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """The sweep's folder for one launcher alone. Raises UserError where another is at work on it."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"{folder}: another launcher is at work on this sweep") from None
        yield


def clear(folder: Path, runs: Sequence[Planned]) -> None:
    """Makes way for runs that the plan knows and that will be started again: what cannot be resumed is removed.

    Their W&B runs go where nobody uploads them. A file that is not ours stays. Raises UserError where a run still runs.
    """
    for planned in runs:
        run = folder / str(planned.number)
        _wait_for_its_end(run)
        ends.forget(run)
        if not resumable(run):
            for replaced in ownership.wandb_runs(run, folder):
                supersede(replaced)
            ownership.remove_run(run, ownership.of_run(run) or ownership.FIRST_RUN)


@dataclass(frozen=True)
class Job:
    """A cell to be run: its folder's number, its overrides; processes a machine, machines, a GPU for each or not."""

    number: int
    overrides: list[str]
    ranks: int = 1
    nodes: int = 1
    on_gpu: bool = False


def runnable(folder: Path, job: Job) -> Job | None:
    """The job as it is to be run now: not at all where it has a result, from its last checkpoint where it has one."""
    cell = folder / str(job.number)
    if ends.read(cell).has_result:
        return None
    overrides = [word for word in job.overrides if word != RESUME]
    return replace(job, overrides=[*overrides, RESUME] if resumable(cell) else overrides)


def resumable(cell: Path) -> bool:
    """Whether the cell in this folder has a checkpoint to go on from."""
    return bool(status.read(cell)) and (cell / "checkpoints" / "last.ckpt").is_file()


def _wait_for_its_end(cell: Path) -> None:
    """A cell holds a lock on its log while it lives."""
    if not (cell / LOG).is_file():
        return
    deadline = time.monotonic() + WAIT_S
    with (cell / LOG).open() as log:
        while True:
            try:
                fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise UserError(f"{cell} is still running: end its process first") from None
                time.sleep(0.1)
