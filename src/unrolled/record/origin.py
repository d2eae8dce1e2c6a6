"""What a run's numbers depend on beyond its configuration: processor, torch, and how the program counts."""

import platform
from pathlib import Path
from typing import Any

import torch

from .earlier import NUMBERS, across, older_before
from .run_record import RunRecord


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


def changes(before: RunRecord, step: int) -> list[str]:
    """A line for each thing that is not what it was when this record was begun; the run is resumed at `step`."""
    now, lines = RunRecord.from_dict(origin()), []
    if (since := older_before(before, step)) is not None:
        lines += across(since)
    found = (("the processor", before.cpu, now.cpu), ("torch", before.torch, now.torch))
    if moved := [f"{name} was {was}, is {is_}" for name, was, is_ in found if was not in (None, is_)]:
        lines.append(
            f"resumed on another machine: {'; '.join(moved)}: its numbers are rounded in another way, "
            "and training can make that large"
        )
    return lines
