"""Interleaved timing: every contestant runs in every round, and ratios are per round, as the machine's speed drifts."""

import time
from collections.abc import Callable
from statistics import median

Call = Callable[[], object]


def interleaved(calls: dict[str, Call], rounds: int, round_s: float = 0.05) -> dict[str, list[float]]:
    """Times each contestant; returns its seconds per call, one value a round, without a warm-up round.

    rounds: number of rounds.
    round_s: seconds that a contestant takes in a round.
    """
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
