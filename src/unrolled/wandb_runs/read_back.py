"""Verification of W&B's file of a run, because `log` and `finish` report no error on a full disk."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .wandb_private import get_core_path


def read_records(run: Path) -> list[dict[str, Any]]:
    """Returns all records in the W&B file of a run's folder, by W&B's own reader (`wandb leet inspect`).

    Raises OSError or CalledProcessError if the reader is missing or fails, ValueError if there is not exactly one file
    or the output is not JSON.
    """
    (file,) = run.glob("*.wandb")
    command = [get_core_path(), "leet", "inspect", "--no-observability", "--json", "--run-file", str(file), str(run)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def read_history(run: Path) -> list[dict[str, Any]]:
    """Returns the logged rows. Raises as `read_records` does."""
    return [record["history"]["item"] for record in read_records(run) if record["type"] == "history"]


def flaw(run: Path, key: str, steps: Sequence[int]) -> str | None:
    """Returns a line on what is wrong with a run's W&B file, None if it holds a row for each logged step.

    key: the column with the step.
    steps: those that were logged, in order.
    """
    try:
        found = [int(row[key]) for row in read_history(run)]
    except (OSError, ValueError, KeyError, subprocess.CalledProcessError) as error:
        return f"W&B's file in {run} cannot be read back ({type(error).__name__})"
    if found == list(steps):
        return None
    return f"W&B's file in {run} holds {len(found)} of {len(steps)} rows (is its disk full?); metrics.csv has them all"
