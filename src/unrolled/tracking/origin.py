"""What a run's numbers depend on beyond its configuration: processor, torch, and how the program counts."""

import platform
from pathlib import Path
from typing import Any

import torch

# What val/loss and grad_W_h/cancellation are. 1 (records that do not say): the mean of the means over batches, and that
# of the batch's summed gradient; 2: the mean over all answers, and that over samples.
NUMBERS = 2

OLDER = "older_val_loss_before"  # the step, in the record of a run that was resumed across the change


def origin() -> dict[str, Any]:
    """What `status.json` keeps of it; the fingerprint does not depend on it."""
    return {"numbers": NUMBERS, "cpu": processor(), "torch": torch.__version__}


def processor() -> str:
    """Its model, and which of its instructions torch uses: both decide how a number is rounded."""
    return f"{_model()}, {torch.backends.cpu.get_cpu_capability()}"


def _model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def older_loss_before(before: dict[str, Any], step: int) -> int | None:
    """The step from which on val/loss is the mean over all answers in a run that is resumed at `step`; None: from 0."""
    if OLDER in before:
        return before[OLDER]
    return step if before.get("numbers", 1) < NUMBERS else None


def changes(before: dict[str, Any], step: int) -> list[str]:
    """A line for each thing that is not what it was when this status was begun; the run is resumed at `step`."""
    now, lines = origin(), []
    if (since := older_loss_before(before, step)) is not None:
        lines += [
            f"{column} before step {since} is {earlier} of an earlier version, from there on the mean over {what}"
            for column, earlier, what in (
                ("val/loss", "the mean of batch means", "all answers"),
                ("grad_W_h/cancellation", "that of the summed gradient of the batch", "samples"),
            )
        ]
    moved = [
        f"{name} was {before[key]}, is {now[key]}"
        for key, name in (("cpu", "the processor"), ("torch", "torch"))
        if key in before and before[key] != now[key]
    ]
    if moved:
        lines.append(
            f"resumed on another machine: {'; '.join(moved)}: its numbers are rounded in another way, "
            "and training can make that large"
        )
    return lines
