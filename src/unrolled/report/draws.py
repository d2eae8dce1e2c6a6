"""Identifies runs that draw the same networks before training: by what the draw depends on, never by its outcome."""

from unrolled.record.results import SweptRun
from unrolled.record.values import identity

IRRELEVANT_GROUPS = ("optimizer", "trainer", "tracker", "sweep", "slurm", "resume")
IRRELEVANT_PROBE_KEYS = ("probe.every", "probe.source", "probe.walkthrough")


def draw_of(run: SweptRun) -> tuple[str, ...]:
    """Returns a key that is equal for two runs of a sweep that draw the same networks before training.

    Runs of one seed that differ only in the learning rate are an example. Records of earlier versions have no
    fingerprint of the draw: their key is made of the axes, for all else is equal within a sweep.
    """
    recorded = run.record.births_fingerprint
    if recorded is not None:
        return (recorded,)
    return tuple(f"{key}={identity(value)}" for key, value in run.axes.items() if _decides(key.lstrip("+~")))


def _decides(key: str) -> bool:
    return key.partition(".")[0] not in IRRELEVANT_GROUPS and key not in IRRELEVANT_PROBE_KEYS
