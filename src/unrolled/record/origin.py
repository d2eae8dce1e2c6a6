"""The origin of a run's numbers beyond its configuration: processor, version of torch, definitions of the numbers."""

import platform
from pathlib import Path

import torch

from .earlier import across, older_before
from .run_record import RunRecord


def processor() -> str:
    """Returns the processor's model and the instruction set that torch uses; both affect rounding."""
    return f"{_model()}, {torch.backends.cpu.get_cpu_capability()}"


def _model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def changes(before: RunRecord, step: int) -> list[str]:
    """Returns a line for each difference between the origin of a record and the present one.

    before: the record of the run that is resumed.
    step: the training step at which it is resumed.
    """
    lines = []
    if (since := older_before(before, step)) is not None:
        lines += across(since)
    found = (("the processor", before.cpu, processor()), ("torch", before.torch, torch.__version__))
    if moved := [f"{name} was {was}, is {is_}" for name, was, is_ in found if was not in (None, is_)]:
        lines.append(
            f"resumed on another machine: {'; '.join(moved)}: its numbers are rounded in another way, "
            "and training can make that large"
        )
    return lines
