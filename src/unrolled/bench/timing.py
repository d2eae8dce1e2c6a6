"""Interleaved timing: the machine's speed drifts, so every contestant runs in every round, and ratios are per round."""

import time
from collections.abc import Callable
from statistics import median

Call = Callable[[], object]


def interleaved(calls: dict[str, Call], rounds: int, round_s: float = 0.05) -> dict[str, list[float]]:
    """Seconds per call, one value a round, for each contestant; a warm-up round is left out."""
    repeats = {name: max(1, int(round_s / _seconds(call, 2))) for name, call in calls.items()}
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(_seconds(call, repeats[name]))
    return times


def median_ratio(times: dict[str, list[float]], name: str, peer: str) -> float:
    return median(a / b for a, b in zip(times[name], times[peer], strict=True))


def _seconds(call: Call, repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats
