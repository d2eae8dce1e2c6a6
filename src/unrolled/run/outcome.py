"""Entries of `status.json`: the origin of a run at its start, its times and gradients at its end."""

import os
import platform
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from unrolled.config.fingerprint import births_fingerprint, fingerprint, resume_fingerprint
from unrolled.config.identity import RunIdentity
from unrolled.gradients.regime import RULES_VERSION
from unrolled.record.earlier import NUMBERS
from unrolled.record.entries import Start, Times
from unrolled.record.origin import processor
from unrolled.record.quantities import QUANTITIES
from unrolled.record.run_record import RunRecord
from unrolled.training.initialisations import Initialisations
from unrolled.training.measurement import MeasuredValues


def opening(values: dict[str, Any], identity: RunIdentity, started: float) -> Start:
    """Returns the entries of `status.json` at the start of a run.

    values: the configuration, as `plain` returns it.
    started: seconds since the epoch.
    """
    return Start(
        state="running",
        name=identity.name,
        axes=identity.axes,
        choices=identity.choices,
        fingerprint=fingerprint(values),
        births_fingerprint=births_fingerprint(values),
        resume_fingerprint=resume_fingerprint(values),
        git=_git(),
        machine=_machine(),
        numbers=NUMBERS,
        cpu=processor(),
        torch=torch.__version__,
        started=datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
    )


def times(started: float) -> Times:
    ended = datetime.now(UTC).isoformat(timespec="seconds")
    return Times(ended=ended, duration_s=round(time.time() - started, 3))


def gradient_results(
    first: MeasuredValues | None, last: MeasuredValues | None, initialisations: dict[str, Initialisations]
) -> dict[str, Any]:
    """Returns the gradient entries of `status.json`; empty if no probe was taken. Slopes in nats per lag.

    A network of several RNNs has each under `halves`, and the first at the top as well.
    first, last: values at step 0 and at the end of training.
    initialisations: the networks drawn before training, by RNN.
    """
    if first is None or last is None:
        return {}
    parts = {name: _part(first["parts"][name], part, initialisations[name]) for name, part in last["parts"].items()}
    top = next(iter(parts.values()))
    kept = top | {key: value for key, value in last.items() if key not in ("parts", "starts")}
    kept["rules"] = RULES_VERSION
    _, *later = last["starts"].values()
    return {**kept, "seam": later[0], "starts": last["starts"], "halves": parts} if later else kept


def _part(first: MeasuredValues, last: MeasuredValues, initialisations: Initialisations) -> dict[str, Any]:
    """Returns an RNN's entries: the end flat, step 0 under `start`, and a few values of step 0 flat too."""
    starts = {f"{each.key}_start": first[each.key] for each in QUANTITIES if each.start}
    starts["predictions_start"] = first["predictions"]
    return {**starts, "start": first, **last, "births": _births(initialisations)}


def _births(initialisations: Initialisations) -> dict[str, Any]:
    slopes = torch.tensor(initialisations.slopes, dtype=torch.float64)
    return {
        "n": len(initialisations.labels),
        "slope_mean": float(slopes.mean()) if len(slopes) else None,
        "slope_sd": float(slopes.std()) if len(slopes) > 1 else None,
        "regimes": initialisations.regimes,
        "slopes": initialisations.slopes,
        "alive": initialisations.alive,
    }


def for_summary(result: dict[str, Any]) -> dict[str, Any]:
    """Returns the entries of W&B's summary for the result of a run; missing values are left out."""
    record = RunRecord.from_dict(result)
    words = {each.key: record.end.values.get(each.key) for each in QUANTITIES if each.word}
    found = {"state": record.state, **words, **record.compared()}
    kept = {key: value for key, value in found.items() if value is not None}
    return {**kept, **{f"baseline/{key}": value for key, value in record.baseline.items()}}


def _machine() -> dict[str, str]:
    """Returns host, system and Python version; under Slurm node and job too, and the visible GPUs if they are set."""
    names = {"node": "SLURMD_NODENAME", "job": "SLURM_JOB_ID", "gpus": "CUDA_VISIBLE_DEVICES"}
    known = {key: os.environ[name] for key, name in names.items() if name in os.environ}
    return {"host": platform.node(), "system": platform.platform(), "python": platform.python_version(), **known}


def _git() -> dict[str, Any] | None:
    """Returns the commit, and whether the working tree differs from it; None if no repository tracks this file.

    An installed package may lie inside the repository of another project.
    """
    here = Path(__file__).resolve()

    def git(*words: str) -> str:
        command = ["git", "-C", str(here.parent), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", here.name)
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return None
