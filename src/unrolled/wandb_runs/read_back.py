"""Whether W&B's file of a run holds what was logged: on a full disk `log` and `finish` succeed without a word."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wandb.util import get_core_path


def read_records(run: Path) -> list[dict[str, Any]]:
    """All that W&B's own reader (the one behind `wandb leet inspect`) finds in the file of a run's folder.

    Raises OSError or CalledProcessError where there is no such reader or it does not answer, ValueError where it does
    not answer in JSON.
    """
    (file,) = run.glob("*.wandb")
    command = [get_core_path(), "leet", "inspect", "--no-observability", "--json", "--run-file", str(file), str(run)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in told.stdout.splitlines()]


def read_history(run: Path) -> list[dict[str, Any]]:
    """The logged rows; raises as `read_records`."""
    return [record["history"]["item"] for record in read_records(run) if record["type"] == "history"]


def flaw(run: Path, key: str, steps: Sequence[int]) -> str | None:
    """What is wrong with the file, in a line; None where it holds one row for each of the steps that were logged.

    key: under which a row has its step.
    """
    try:
        found = [int(row[key]) for row in read_history(run)]
    except (OSError, ValueError, KeyError, subprocess.CalledProcessError) as error:
        return f"W&B's file in {run} cannot be read back ({type(error).__name__})"
    if found == list(steps):
        return None
    return f"W&B's file in {run} holds {len(found)} of {len(steps)} rows (is its disk full?); metrics.csv has them all"
