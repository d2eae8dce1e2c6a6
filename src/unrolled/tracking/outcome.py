"""What `status.json` says of a run: its origin at the start, its gradients and scores at the end."""

import subprocess
import time
from datetime import UTC, datetime
from typing import Any

import torch

from unrolled.config import fingerprint
from unrolled.paths import CHECKOUT
from unrolled.place import Place
from unrolled.training.probe import Births, Look


def opening(values: dict[str, Any], place: Place, started: float) -> dict[str, Any]:
    return {
        "state": "running",
        "name": place.name,
        "axes": place.axes,
        "choices": place.choices,
        "fingerprint": fingerprint(values),
        "git": _git(),
        "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
    }


def times(started: float) -> dict[str, Any]:
    ended = datetime.now(UTC).isoformat(timespec="seconds")
    return {"ended": ended, "duration_s": round(time.time() - started, 3)}


def gradient_results(first: Look | None, last: Look | None, born: Births) -> dict[str, Any]:
    """Both ends of training and the births; empty where no probe was taken. Slopes in nats per lag."""
    if first is None or last is None:
        return {}
    start, end = first.diagnosis, last.diagnosis
    slopes = torch.tensor(born.slopes, dtype=torch.float64)
    return {
        "regime_start": start.regime,
        "regime": end.regime,
        "regime_reason": end.reason,
        "slope_start": start.slope.mean if start.slope else None,
        "slope": end.slope.mean if end.slope else None,
        "slope_error": end.slope.error if end.slope else None,
        "horizon": end.horizon.lag,
        "longest_lag": end.longest_lag,
        "horizon_direction": end.horizon.direction,
        "horizon_extrapolated": end.extrapolated_horizon,
        "flushed_to_zero": int(last.profile.zeros.nansum()),
        "births": {
            "n": len(born.diagnoses),
            "slope_mean": float(slopes.mean()) if len(slopes) else None,
            "slope_sd": float(slopes.std()) if len(slopes) > 1 else None,
            "regimes": born.regimes,
            "slopes": born.slopes,
        },
    }


def for_summary(result: dict[str, Any]) -> dict[str, Any]:
    """What W&B's summary shows of a result."""
    keys = ("state", "regime", "regime_start", "slope", "slope_start", "horizon")
    flat = {key: result.get(key) for key in keys if result.get(key) is not None}
    return {**flat, **{f"baseline/{k}": v for k, v in result["baseline"].items()}}


def _git() -> dict[str, Any] | None:
    """Commit and whether the tree was changed since; None outside of a checkout."""

    def git(*words: str) -> str:
        command = ["git", "-C", str(CHECKOUT), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return None
